package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.format.DynamicHeader;
import io.catena.format.ParentLocator;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ParentLinkTest {
    private static final UUID OLD = new UUID(3, 4);
    private static final UUID NEW = new UUID(5, 6);

    @TempDir
    Path directory;

    private Storage storage;

    @BeforeEach
    void makeAChild() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).differencing("c.vhd", 8 << 20, new UUID(1, 2), 0, new ParentLink(OLD, 0, "old.vhd"));
    }

    @Test
    void thePathIsSeenFromTheChild() {
        assertThat(ParentLink.relativePath("c.vhd", "p.vhd")).isEqualTo("p.vhd");
        assertThat(ParentLink.relativePath("c/d.vhd", "p/q.vhd")).isEqualTo("../p/q.vhd");
        assertThat(ParentLink.relativePath("c.vhd", "../p.vhd")).isEqualTo("../p.vhd");
        assertThat(ParentLink.relativePath("c/d.vhd", "/abs/p.vhd")).isEqualTo("/abs/p.vhd");
    }

    @Test
    void anotherParentIsWrittenInPlace() throws IOException {
        relink(new ParentLink(NEW, 8, "sub/new.vhd"));
        DynamicHeader header = headers().sparseHeader();
        assertThat(header.parentId()).isEqualTo(NEW);
        assertThat(header.parentTimestamp()).isEqualTo(8);
        assertThat(header.parentName()).isEqualTo("new.vhd");
        assertThat(header.locators()).extracting(ParentLocator::dataOffset).startsWith(3072L, 3584L, 4096L);
        new VhdCreator(storage).dynamic("sub/new.vhd", 8 << 20, NEW, 0);
        assertThat(new ParentFinder(storage).parentOf(ChainFile.vhd(storage, "c.vhd")))
                .map(ChainFile::name)
                .contains("sub/new.vhd");
    }

    /** 300 characters fit in 512 bytes of UTF-8 and not of UTF-16. */
    @Test
    void aLocatorWithoutRoomIsGivenUpIfAnotherIsLeft() throws IOException {
        String path = "d/".repeat(150) + "p.vhd";
        relink(new ParentLink(NEW, 8, path));
        assertThat(headers().sparseHeader().locators())
                .extracting(ParentLocator::platform)
                .containsExactly(ParentLocator.MACX, 0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aPathThatFitsNowhereIsRefused() throws IOException {
        ParentLink link = new ParentLink(NEW, 8, "d/".repeat(300) + "p.vhd");
        VhdHeaders before = headers();
        assertThatThrownBy(() -> link.replaceIn(before, "c.vhd"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("c.vhd: no parent locator has room");
        assertThat(headers()).isEqualTo(before);
    }

    private void relink(ParentLink link) throws IOException {
        try (BlockFile file = storage.open("c.vhd")) {
            for (ParentLink.Patch patch : link.replaceIn(VhdHeaders.read(file), "c.vhd")) {
                patch.apply(file);
            }
        }
    }

    private VhdHeaders headers() throws IOException {
        try (BlockFile file = storage.openReadOnly("c.vhd")) {
            return VhdHeaders.read(file);
        }
    }
}
