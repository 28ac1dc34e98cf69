package io.catena.sr.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.sr.record.NameRoom;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A look at the files of an SR that are opened while it goes on. */
class SrTreeLookTest {
    private static final String NAME = new UUID(1, 1) + ".vhd";

    @TempDir
    Path directory;

    private FileStorage storage;
    private SrTree tree;

    @BeforeEach
    void makeAFileWhoseTableOfBlocksCannotBe() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).dynamic(NAME, 4 << 20, new UUID(1, 1), 0);
        try (BlockFile file = storage.open(NAME)) {
            long table = VhdHeaders.read(file).layout().tableOffset();
            file.write(table, ByteBuffer.allocate(4).putInt(0x7fff_fff0).rewind());
        }
        tree = new SrTree(storage, NameRoom.ofNodes(), Clock.systemUTC());
    }

    @Test
    void whatIsSeenInAFileThatNobodyHasCounts() throws IOException {
        look(Set.of(), Set.of());
        assertThat(problem()).contains("outside the data");
    }

    /** Whoever opened it may have been half-way when it was looked into. */
    @Test
    void whatIsSeenInAFileThatIsOpenedMeanwhileDoesNotUntilItIsLookedIntoAgain() throws IOException {
        look(Set.of(), Set.of(NAME));
        assertThat(problem()).isNull();
        look(Set.of(), Set.of());
        assertThat(problem()).contains("outside the data");
    }

    @Test
    void aFileThatIsOpenIsNotLookedInto() throws IOException {
        look(Set.of(NAME), Set.of());
        assertThat(problem()).isNull();
        tree.lockedIo(() -> {
            tree.rescan(files(Set.of(), Set.of()), tree::aside);
            return tree;
        });
        assertThat(problem()).contains("outside the data");
    }

    private void look(Set<String> open, Set<String> opened) throws IOException {
        tree.lockedIo(() -> {
            tree.update(files(open, opened), tree::aside);
            return tree;
        });
    }

    private @Nullable String problem() {
        return tree.seen().node(NAME).orElseThrow().problem();
    }

    private static OpenFiles files(Set<String> open, Set<String> opened) {
        return new OpenFiles() {
            @Override
            public Set<String> beginNoting() {
                return open;
            }

            @Override
            public Set<String> endNoting() {
                return opened;
            }
        };
    }
}
