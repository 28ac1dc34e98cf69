package io.catena.harness.bench.nbd;

import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/** A server of others, with one disk, at a Unix socket. */
final class PeerServer implements Closeable {
    private static final Duration START_DEADLINE = Duration.ofSeconds(20);
    private static final long STEP_MILLIS = 20;

    private final Path socket;
    private final BackgroundProgram program;

    private PeerServer(Path socket, BackgroundProgram program) {
        this.socket = socket;
        this.program = program;
    }

    /** Serves a raw file with nbdkit. */
    static PeerServer nbdkit(Path socket, Path raw) throws IOException {
        return start(socket, "nbdkit", "-f", "-U", socket.toString(), "file", raw.toString());
    }

    /**
     * Serves an image with qemu-nbd.
     *
     * @param format as qemu names it
     */
    static PeerServer qemu(Path socket, String format, Path image) throws IOException {
        return start(
                socket,
                "qemu-nbd",
                "-t",
                "-e",
                "8",
                "--discard=unmap",
                "-f",
                format,
                "-k",
                socket.toString(),
                image.toString());
    }

    private static PeerServer start(Path socket, String... command) throws IOException {
        Files.deleteIfExists(socket);
        PeerServer server = new PeerServer(socket, BackgroundProgram.start(command));
        try {
            server.awaitService();
            return server;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    /** Neither says that it serves; both answer when asked. */
    private void awaitService() throws IOException {
        long deadline = System.nanoTime() + START_DEADLINE.toNanos();
        while (!Files.exists(socket)
                || Programs.tryRun(START_DEADLINE, "nbdinfo", "--size", uri()).exitCode() != 0) {
            if (!program.isAlive() || System.nanoTime() > deadline) {
                throw new IOException("does not serve: " + program.describe());
            }
            pause();
        }
    }

    private static void pause() throws InterruptedIOException {
        try {
            Thread.sleep(STEP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a server");
        }
    }

    String uri() {
        return "nbd+unix:///?socket=" + socket;
    }

    /** Returns it as it takes part, with the files that it reads. */
    Served served(Path... files) {
        return new Served(uri(), program.pid(), Arrays.asList(files), () -> {});
    }

    /** As {@link #served}, and ended with it. */
    Served servedOnce(Closeable after, Path... files) {
        return new Served(uri(), program.pid(), Arrays.asList(files), () -> {
            try (after;
                    this) {
                // The server first, then what it served.
            }
        });
    }

    @Override
    public void close() throws IOException {
        program.close();
        Files.deleteIfExists(socket);
    }
}
