package io.catena.agent.block;

import io.catena.agent.fuse.FuseServer;
import io.catena.agent.linux.BlockNode;
import io.catena.agent.linux.FuseConnection;
import io.catena.agent.linux.LoopDevice;
import io.catena.agent.linux.MountTable;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * A disk as a loop device: the disk is a file of a FUSE mount that this process serves, and the device is made of the file.
 *
 * <pre>
 * /dev/loopN  -&gt;  RUN/block/UUID (FUSE)  -&gt;  FuseServer  -&gt;  BlockDevice
 * </pre>
 *
 * <p>All three survive the agent, also a kill: a process that does nothing keeps the FUSE connection, so that requests to
 * the device wait until the next agent takes it over. A flush of the device is a sync of the file, and that a flush of
 * the disk. Files of raw and fixed disks take the same way: a loop device right on top of them would go on writing to a file that
 * became a base copy.
 */
final class LoopExport implements DeviceExport {
    private static final Logger LOG = Logger.getLogger(LoopExport.class.getName());

    private final Path file;
    private final boolean readOnly;
    private final FuseServer server;
    private final LoopDevice loop;

    private LoopExport(Path file, boolean readOnly, FuseServer server, LoopDevice loop) {
        this.file = file;
        this.readOnly = readOnly;
        this.server = server;
        this.loop = loop;
    }

    /** Goes on with what an agent before this one left, if that is whole, or makes it anew. */
    static LoopExport open(Path file, BlockDevice device) throws IOException {
        Optional<LoopExport> found = takeOver(file, device);
        return found.isPresent() ? found.get() : make(file, device);
    }

    /**
     * Takes over a device that an agent before this one left.
     *
     * <p>Before Linux 6.9 a kernel does not send a request again. There a device can be taken over only from an agent that ended in
     * order; who uses one that was left by a kill gets errors, as from a disk that was pulled out.
     *
     * <ol>
     *   <li>Have the requests sent again that it did not answer. Some of them it did; writing the same again is no harm, for
     *       nobody writes to a place twice at a time and expects to know which comes out.
     *   <li>Serve. Were that first, the requests received now would be sent again, too.
     * </ol>
     */
    private static Optional<LoopExport> takeOver(Path file, BlockDevice device) throws IOException {
        List<LoopDevice> loops = LoopDevice.of(file);
        Optional<FuseConnection> connection =
                loops.size() == 1 && MountTable.read().isMounted(file, FuseConnection.TYPE)
                        ? FuseConnection.takeOver(file)
                        : Optional.empty();
        if (connection.isEmpty()) {
            return Optional.empty();
        }
        boolean answeredAll = Files.deleteIfExists(drainedMark(file));
        if (!connection.get().resend() && !answeredAll) {
            LOG.severe(LogLine.of("block-requests-lost", "file", file, "reason", "needs Linux 6.9"));
            connection.get().close();
            return Optional.empty();
        }
        FuseServer server = FuseServer.start(connection.get(), file, device);
        LoopExport export = new LoopExport(file, device.readOnly(), server, loops.get(0));
        if (export.loop.node().sizeBytes() != device.sizeBytes()) {
            export.resized();
        }
        return Optional.of(export);
    }

    /** Makes a device; nothing of it is left if that fails. */
    private static LoopExport make(Path file, BlockDevice device) throws IOException {
        clear(file);
        FuseServer server = FuseServer.start(FuseConnection.mount(file, device.readOnly()), file, device);
        try {
            return new LoopExport(file, device.readOnly(), server, LoopDevice.attach(file, device.readOnly()));
        } catch (IOException e) {
            FuseConnection.unmount(file, true);
            server.close();
            throw e;
        }
    }

    /** Removes what is left of a device that nobody serves. Who still uses it gets errors, as from a disk that was pulled out. */
    static void clear(Path file) throws IOException {
        for (LoopDevice loop : LoopDevice.of(file)) {
            LOG.warning(LogLine.of(
                    "block-leftover",
                    "device",
                    loop.path(),
                    "file",
                    file,
                    "users",
                    loop.node().holders()));
            FuseConnection.unmount(file, true);
            loop.detach();
        }
        FuseConnection.unmount(file, true);
        Files.deleteIfExists(drainedMark(file));
    }

    /** Lies there if the agent that served a device last answered all requests that it received. */
    private static Path drainedMark(Path file) {
        return file.resolveSibling(file.getFileName() + ".drained");
    }

    @Override
    public Path device() {
        return loop.path();
    }

    @Override
    public synchronized void resized() throws IOException {
        // The kernel learns the file's size when it is asked for.
        long unused = file.toFile().length();
        loop.adoptSize();
    }

    @Override
    public synchronized void letGo(Duration deadline) throws IOException {
        server.letGo(deadline);
        Files.write(drainedMark(file), new byte[0]);
    }

    /**
     * {@inheritDoc}
     *
     * <ol>
     *   <li>Wait until nobody uses it.
     *   <li>Write what its page cache holds, and flush the disk.
     *   <li>Take the file from the device, then unmount the file, which nobody has open now.
     * </ol>
     */
    @Override
    public synchronized void remove(Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        BlockNode node = loop.node();
        if (LoopDevice.of(file).contains(loop)) {
            for (List<String> holders = node.holders(); !holders.isEmpty(); holders = node.holders()) {
                new HeldException(loop.path(), holders).unlessBefore(deadline);
            }
            if (!readOnly) {
                node.sync();
            }
            loop.detach();
        }
        while (LoopDevice.of(file).contains(loop)) {
            new HeldException(loop.path(), node.holders()).unlessBefore(deadline);
        }
        FuseConnection.unmount(file, false);
        server.close();
    }
}
