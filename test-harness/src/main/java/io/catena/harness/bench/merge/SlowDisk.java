package io.catena.harness.bench.merge;

import io.catena.agent.linux.MountTable;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Nbdkit;
import io.catena.harness.peer.Programs;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An ext4 on a disk that is slow: 100 MB/s, and a millisecond for each request, of which 16 are done at a time. A sync of a
 * file that has grown takes three requests one after another: data, journal, commit.
 *
 * <p>It is memory that nbdkit serves and delays, seen as a file through nbdfuse, under a loop device. Only root can have one.
 * It goes with {@link #close}, and with the process.
 */
final class SlowDisk implements Closeable {
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final long STEP_MILLIS = 20;
    private static final String DISK = "disk";

    private final Path directory;
    private final Thread atExit = new Thread(this::unmountAtExit, "end of the slow disk");
    private @Nullable Nbdkit server;
    private @Nullable BackgroundProgram view;

    private SlowDisk(Path directory) {
        this.directory = directory;
    }

    /** Makes and mounts one, which is empty. */
    static SlowDisk make(long sizeBytes) throws IOException {
        SlowDisk disk = new SlowDisk(Files.createTempDirectory("catena-slow").toRealPath());
        Runtime.getRuntime().addShutdownHook(disk.atExit);
        try {
            disk.mount(sizeBytes);
            return disk;
        } catch (IOException | RuntimeException e) {
            try (disk) {
                throw e;
            }
        }
    }

    /** Returns the root of the file system. */
    Path root() {
        return directory.resolve("root");
    }

    private Path fuse() {
        return directory.resolve("fuse");
    }

    private void mount(long sizeBytes) throws IOException {
        Files.createDirectory(root());
        Files.createDirectory(fuse());
        Nbdkit serving = Nbdkit.serve(
                "--filter=delay",
                "--filter=rate",
                "memory",
                String.valueOf(sizeBytes),
                "rdelay=1ms",
                "wdelay=1ms",
                "rate=800M",
                "burstiness=0.05");
        server = serving;
        Path file = fuse().resolve(DISK);
        view = BackgroundProgram.start("nbdfuse", file.toString(), serving.uri());
        awaitFile(file);
        String device = Programs.run(DEADLINE, "losetup", "--find", "--show", "--direct-io=on", file.toString())
                .stdout()
                .strip();
        try {
            Programs.run(DEADLINE, "mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", device);
            Programs.run(DEADLINE, "mount", device, root().toString());
        } finally {
            // While it is mounted it stays all the same.
            Programs.run(DEADLINE, "losetup", "-d", device);
        }
    }

    private static void awaitFile(Path file) throws IOException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!Files.exists(file)) {
            if (System.nanoTime() - end > 0) {
                throw new IOException("nbdfuse shows no " + file);
            }
            try {
                Thread.sleep(STEP_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for " + file);
            }
        }
    }

    @Override
    public void close() throws IOException {
        Runtime.getRuntime().removeShutdownHook(atExit);
        try {
            unmount(root(), "umount", root().toString());
            unmount(fuse(), "umount", "-l", fuse().toString());
        } finally {
            endServers();
        }
        DirectoryTree.delete(directory);
    }

    private void endServers() throws IOException {
        BackgroundProgram seen = view;
        if (seen != null) {
            seen.close();
        }
        Nbdkit serving = server;
        if (serving != null) {
            serving.close();
        }
    }

    /** The server may be gone before. */
    private void unmountAtExit() {
        try {
            unmount(root(), "umount", "-l", root().toString());
            unmount(fuse(), "umount", "-l", fuse().toString());
            DirectoryTree.delete(directory);
        } catch (IOException e) {
            System.err.println("left behind: " + directory + ": " + e.getMessage());
        }
    }

    private static void unmount(Path point, String... command) throws IOException {
        if (MountTable.read().mounts().stream().anyMatch(mount -> mount.point().equals(point))) {
            Programs.run(DEADLINE, command);
        }
    }
}
