package io.catena.harness.peer;

import io.catena.agent.linux.LinuxFiles;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.LiveDisk;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.map.RedoLog;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** A chain of files on the host's file system, exported by a server of its own: a disk as a guest has it. */
final class ChainExport implements Closeable {
    private final Path directory;
    private final Storage storage;
    private final int depth;
    private final NbdFixture nbd;
    private final LiveDisk disk;
    private final String uri;

    /**
     * Makes a chain in an empty directory. Each of its files but the leaf holds data of its own here and there, mixed within
     * blocks with that of others.
     */
    ChainExport(Path directory, int depth, long sizeBytes) throws IOException {
        this.directory = directory;
        this.depth = depth;
        storage = LinuxFiles.storage(directory);
        Random random = new Random(depth);
        for (int level = depth - 1; level >= 0; level--) {
            create(level, sizeBytes);
            if (level > 0) {
                try (Layer layer = ChainFile.vhd(storage, name(level)).openWritable(storage, null)) {
                    fill(layer, random);
                }
            }
        }
        disk = new LiveDisk(open(), false);
        nbd = new NbdFixture(NbdLimits.DEFAULT);
        uri = nbd.publish(1, AccessMode.READ_WRITE, disk);
    }

    private void create(int level, long sizeBytes) throws IOException {
        VhdCreator creator = new VhdCreator(storage);
        UUID id = new UUID(5, level);
        if (level == depth - 1) {
            creator.dynamic(name(level), sizeBytes, id, 1);
        } else {
            ParentLink link = ParentLink.of(storage, name(level), name(level + 1), new UUID(5, level + 1));
            creator.differencing(name(level), sizeBytes, id, 1, link);
        }
        storage.syncNames();
    }

    private static void fill(Layer layer, Random random) throws IOException {
        for (int i = 0; i < 12; i++) {
            byte[] data = new byte[512 * (1 + random.nextInt(i == 0 ? 8192 : 64))];
            random.nextBytes(data);
            long sector = random.nextInt((int) ((layer.sizeBytes() - data.length) / 512));
            layer.write(sector * 512, ByteBuffer.wrap(data));
        }
    }

    private Chain open() throws IOException {
        RedoLog.Owner owner = new RedoLog.Owner(new UUID(8, 8), new UUID(8, 9));
        List<Chain.Node> nodes = new ArrayList<>();
        for (ChainFile file : ChainPath.of(storage, ChainFile.vhd(storage, name(0)))) {
            RedoLog redo = nodes.isEmpty() ? RedoLog.open(storage, "redo", owner, new UUID(5, 0)) : null;
            nodes.add(new Chain.Node(
                    file.name(), redo != null ? file.openWritable(storage, redo) : file.openReadOnly(storage)));
        }
        return new Chain(nodes);
    }

    private static String name(int level) {
        return "node" + level + ".vhd";
    }

    String uri() {
        return uri;
    }

    LiveDisk disk() {
        return disk;
    }

    /** Returns the file that writes go to. */
    Path leaf() {
        return directory.resolve(name(0));
    }

    /** Returns what the leaf takes on the file system. */
    long leafBytes() throws IOException {
        return storage.info(name(0)).allocatedBytes();
    }

    /** Ends the service and leaves the files as other programs expect them. */
    @Override
    public void close() throws IOException {
        nbd.close();
        for (Chain.Node node : disk.chain().nodes()) {
            node.layer().close();
        }
    }
}
