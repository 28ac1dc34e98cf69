package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.linux.LinuxFiles;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.harness.machine.WholeMachine;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.File;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A thousand disks, each with a client: what they take of a process is as much as is told. */
@Tag("slow")
@Timeout(300)
@WholeMachine
final class ManyExportsTest {
    private static final int DISKS = 1000;
    private static final int DISK_BYTES = 64 << 20;

    /** Of a disk: its file twice, its connection, and of the client the other end, and what it waits with. */
    private static final int MOST_DESCRIPTORS = 8 * DISKS;

    private static final long MOST_BUFFER_BYTES = (68L << 10) * DISKS + (32 << 20);
    private static final int MOST_THREADS = DISKS + 100;

    @TempDir
    private Path directory;

    private final NbdFixture nbd = new NbdFixture(NbdLimits.DEFAULT);
    private final List<Layer> disks = new ArrayList<>();
    private final List<NbdClient> clients = new ArrayList<>();

    ManyExportsTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        for (NbdClient client : clients) {
            client.close();
        }
        nbd.close();
        for (Layer disk : disks) {
            disk.close();
        }
    }

    @Test
    void aThousandDisksAreServedAtATime() throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        int descriptors = descriptors();
        long buffers = bufferBytes();
        int threads = Thread.activeCount();
        for (int i = 0; i < DISKS; i++) {
            String name = i + ".vhd";
            new VhdCreator(storage).dynamic(name, DISK_BYTES, new UUID(5, i), 1);
            Layer disk = ChainFile.vhd(storage, name).openWritable(storage, null);
            disks.add(disk);
            Chain chain = new Chain(List.of(new Chain.Node(name, disk)));
            nbd.publish(i, AccessMode.READ_WRITE, new LiveDisk(chain, false));
            clients.add(NbdClient.connect(nbd.socket(), NbdFixture.name(i)));
        }
        for (int i = 0; i < DISKS; i++) {
            clients.get(i).write(0, content(i));
        }
        for (int i = 0; i < DISKS; i++) {
            assertThat(clients.get(i).read(0, 512)).isEqualTo(content(i));
        }
        assertThat(descriptors() - descriptors).isLessThan(MOST_DESCRIPTORS);
        assertThat(bufferBytes() - buffers).isLessThan(MOST_BUFFER_BYTES);
        assertThat(Thread.activeCount() - threads).isLessThan(MOST_THREADS);
    }

    private static byte[] content(int number) {
        return ByteBuffer.allocate(512).putInt(508, number).array();
    }

    private static int descriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    private static long bufferBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
