package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.sr.open.Wanted;
import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody makes a chain of thousands of files in an SR's directory: whoever looks is answered, and other disks are served. How long it
 * is says the system property {@code catena.deep}.
 */
@Tag("slow")
@Timeout(600)
final class DeepChainTest {
    private static final int LENGTH = Integer.getInteger("catena.deep", 1500);

    /** Kept, since a logger that nobody keeps forgets its level. */
    private final Logger log = Logger.getLogger("io.catena");

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DirectorySr files;
    private VhdRepository sr;
    private VdiId disk;

    @BeforeEach
    void create() throws IOException {
        log.setLevel(Level.OFF);
        files = new DirectorySr(directory, redo);
        sr = files.create();
        disk = DirectorySr.disk(sr);
        DirectorySr.write(files.attach(sr, disk), 0, 7);
        sr.close();
    }

    @AfterEach
    void close() throws IOException {
        log.setLevel(null);
        sr.close();
        files.close();
    }

    /** Returns the last file of a chain. */
    private VdiId chain(boolean ofBaseCopies) throws IOException {
        Storage storage = files.storage();
        VhdCreator creator = new VhdCreator(storage);
        String parent = name(0);
        creator.dynamic(parent, DirectorySr.SIZE, id(0), 0);
        for (int i = 1; i < LENGTH; i++) {
            ParentLink link = ParentLink.of(storage, name(i), parent, id(i - 1));
            creator.differencing(name(i), DirectorySr.SIZE, 0, id(i), 0, link);
            if (ofBaseCopies) {
                HiddenFlag.set(storage, parent, true);
            }
            parent = name(i);
        }
        return new VdiId(id(LENGTH - 1));
    }

    private static UUID id(int number) {
        return new UUID(0x14, number);
    }

    private static String name(int number) {
        return id(number) + ".vhd";
    }

    @Test
    void whoeverLooksIsAnsweredAndOthersAreServed() throws IOException {
        VdiId last = chain(false);

        sr = files.attach(Wanted.KNOWN);

        BlockDevice device = files.attach(sr, disk);
        assertThat(DirectorySr.read(device, 0)).isEqualTo(7);
        assertThat(sr.vdis()).hasSize(LENGTH + 1);
        assertThat(sr.vdi(last).depth()).isEqualTo(LENGTH);
        assertThat(sr.stat().maxChainDepth()).isEqualTo(LENGTH);
        assertThat(sr.stat().warnings()).hasSizeLessThan(110);
        assertThat(sr.stat().health().reasons())
                .hasSizeLessThan(110)
                .extracting(SrHealth.Reason::kind)
                .containsOnly(SrHealth.Kind.LONG_CHAIN);
        assertThat(sr.tree().stream().mapToLong(DeepChainTest::count).sum()).isEqualTo(LENGTH + 1);
        assertThat(sr.check(false).findings()).isNotNull();
        assertThat(sr.garbage().status().plan()).isEmpty();
        openedOrRefused(last);
        DirectorySr.write(device, 512, 8);
        device.flush();
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.ACTIVE);
    }

    @Test
    void aPlanForItIsMade() throws IOException {
        VdiId last = chain(true);

        sr = files.attach(Wanted.KNOWN);

        assertThat(sr.vdis()).hasSize(2);
        assertThat(sr.vdi(last).depth()).isEqualTo(LENGTH);
        assertThat(sr.stat().health().reasons()).hasSize(1);
        assertThat(sr.tree().stream().mapToLong(DeepChainTest::count).sum()).isEqualTo(LENGTH + 1);
        assertThat(sr.garbage().status().state()).isNotNull();
        openedOrRefused(last);
        assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(7);
    }

    private static long count(TreeNode node) {
        return 1 + node.children().stream().mapToLong(DeepChainTest::count).sum();
    }

    /** It may need more file descriptors than there are. */
    private void openedOrRefused(VdiId last) throws IOException {
        try {
            sr.attach(last, AccessMode.READ_ONLY);
            assertThat(DirectorySr.read(files.device(last), 0)).isZero();
            sr.detach(last);
        } catch (SrException e) {
            assertThat(e).hasMessageContaining("open");
        }
    }
}
