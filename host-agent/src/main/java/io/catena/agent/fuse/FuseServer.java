package io.catena.agent.fuse;

import io.catena.agent.linux.FuseConnection;
import io.catena.agent.linux.NativeBuffer;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Serves a disk as a file that is mounted.
 *
 * <p><b>Threads.</b> One waits for requests; while it answers one, another waits, until there are {@link #MAX_WORKERS}.
 * {@link #letGo} and {@link #close} may be called from any thread, one after the other.
 */
public final class FuseServer implements Closeable {
    private static final Logger LOG = Logger.getLogger(FuseServer.class.getName());
    private static final int MAX_WORKERS = 4;
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

    private final FuseConnection connection;
    private final Path file;
    private final FuseDisk disk;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();

    /** All threads, and those of them that wait for a request; guarded by {@link #lock}. */
    private int workers;

    private int waiting;

    /** Whether no more requests are to be received; guarded by {@link #lock}. */
    private boolean stopping;

    private FuseServer(FuseConnection connection, Path file, FuseDisk disk) {
        this.connection = connection;
        this.file = file;
        this.disk = disk;
    }

    /**
     * Starts to serve.
     *
     * @param connection closed with the server
     * @param file where it is mounted
     */
    public static FuseServer start(FuseConnection connection, Path file, BlockDevice device) {
        FuseServer server = new FuseServer(connection, file, new FuseDisk(device, String.valueOf(file.getFileName())));
        server.startWorker();
        return server;
    }

    private void startWorker() {
        lock.lock();
        try {
            workers++;
            waiting++;
            Thread thread = new Thread(this::work, "fuse-" + file.getFileName() + "-" + workers);
            thread.setDaemon(true);
            thread.start();
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        try (NativeBuffer buffer = new NativeBuffer(FuseDisk.BUFFER_BYTES)) {
            while (receive(buffer)) {
                answer(buffer);
                if (!waitAgain()) {
                    break;
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.SEVERE, LogLine.of("block-server-failed", "file", file), e);
        } finally {
            leave();
        }
    }

    /** That the kernel does not take an answer ends no thread: there would be none left for other requests some time. */
    private void answer(NativeBuffer buffer) {
        int replyBytes = disk.answer(buffer);
        if (replyBytes > 0) {
            try {
                connection.send(buffer, FuseDisk.REPLY_AT, replyBytes);
            } catch (IOException e) {
                LOG.log(Level.SEVERE, LogLine.of("block-answer-refused", "file", file), e);
            }
        }
    }

    /** Returns whether there is a request. */
    private boolean receive(NativeBuffer buffer) throws IOException {
        int length = 0;
        try {
            length = connection.receive(buffer, FuseDisk.REQUEST_AT, FuseDisk.BUFFER_BYTES - FuseDisk.REQUEST_AT);
        } finally {
            received(length > 0);
        }
        return length > 0;
    }

    private void received(boolean request) {
        lock.lock();
        try {
            waiting--;
            stopping |= !request;
            if (waiting == 0 && workers < MAX_WORKERS && !stopping) {
                startWorker();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean waitAgain() {
        lock.lock();
        try {
            waiting += stopping ? 0 : 1;
            return !stopping;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            workers--;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the service and leaves the file mounted: the requests that were received are answered, all others wait for the next
     * agent.
     *
     * <p>A thread that waits for a request is in the kernel, and only a request wakes it: so the file is asked for its
     * attributes, which the kernel does not keep, once for each of them.
     *
     * @throws IOException if a request did not return from the disk in time; the connection stays open then
     */
    public void letGo(Duration deadline) throws IOException {
        lock.lock();
        try {
            stopping = true;
            for (int i = 0; i < waiting; i++) {
                wakeOne();
            }
        } finally {
            lock.unlock();
        }
        awaitWorkers(deadline);
        connection.close();
    }

    /** On a thread of its own: should a request of somebody else end the last worker, this one waits with the file. */
    private void wakeOne() {
        Thread waker = new Thread(() -> file.toFile().length(), "fuse-wake-" + file.getFileName());
        waker.setDaemon(true);
        waker.start();
    }

    /**
     * Waits for the threads after the file was unmounted, which ends them.
     *
     * @throws IOException if they do not end in time
     */
    @Override
    public void close() throws IOException {
        awaitWorkers(CLOSE_DEADLINE);
        connection.close();
    }

    private void awaitWorkers(Duration deadline) throws IOException {
        long left = deadline.toNanos();
        lock.lock();
        try {
            while (workers > 0 && left > 0) {
                left = ended.awaitNanos(left);
            }
            if (workers > 0) {
                throw new IOException(
                        workers + " threads still serve " + file + " after " + deadline.toMillis() + " ms");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while requests to " + file + " were under way");
        } finally {
            lock.unlock();
        }
    }
}
