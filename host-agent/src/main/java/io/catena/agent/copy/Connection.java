package io.catena.agent.copy;

import io.catena.api.JobControl;
import io.catena.api.SrException;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLSocket;

/**
 * A connection on which a content is sent. The answer is read by a thread of its own from the beginning: who refuses before all
 * was sent hangs up. Another thread ends the connection if the job is cancelled, or if the other agent takes nothing any more.
 *
 * <p><b>Threads.</b> For use by one thread.
 */
final class Connection implements WritableByteChannel, Closeable {
    /** How long the other agent may take nothing, and how long it may take to make all durable. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final int MOST_ANSWER_BYTES = 1 << 20;
    private static final int PIECE_BYTES = 256 << 10;
    private static final long LOOK_MILLIS = 250;

    private final SSLSocket socket;
    private final OutputStream out;
    private final JobControl control;
    private final Pace pace;
    private final byte[] piece = new byte[PIECE_BYTES];
    private final CompletableFuture<Optional<Reply>> reply = new CompletableFuture<>();

    private long sentBytes;

    /** When a write began that is not over; 0 if there is none. */
    private volatile long writingSince;

    Connection(SSLSocket socket, JobControl control, Pace pace) throws IOException {
        this.socket = socket;
        this.out = socket.getOutputStream();
        this.control = control;
        this.pace = pace;
        start(this::readReply, "copy-reply");
        start(this::watch, "copy-watch");
    }

    private static void start(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void readReply() {
        try {
            reply.complete(Reply.read(socket.getInputStream().readNBytes(MOST_ANSWER_BYTES)));
        } catch (IOException | RuntimeException e) {
            reply.completeExceptionally(e);
        }
    }

    /** Nothing else wakes a thread that waits in a write. */
    private void watch() {
        while (!socket.isClosed()) {
            long since = writingSince;
            if (isCancelled() || (since != 0 && System.nanoTime() - since > PATIENCE.toNanos())) {
                close();
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                close();
            }
        }
    }

    private boolean isCancelled() {
        try {
            control.checkCancelled();
            return false;
        } catch (SrException e) {
            return true;
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = Math.min(source.remaining(), piece.length);
        source.get(piece, 0, count);
        send(piece, count);
        sentBytes += count;
        control.done(count);
        pace.sent(count, control::rest);
        control.checkCancelled();
        return count;
    }

    /** Returns how much of the content went out; the other agent may not have got all of it. */
    long sentBytes() {
        return sentBytes;
    }

    /** Sends what counts as no progress. */
    void send(byte[] bytes, int count) throws IOException {
        if (reply.isDone()) {
            throw new ConnectionLostException("the other agent answered before all was sent");
        }
        writingSince = System.nanoTime() | 1;
        try {
            out.write(bytes, 0, count);
        } catch (IOException e) {
            throw new ConnectionLostException("the connection broke off: " + e.getMessage(), e);
        } finally {
            writingSince = 0;
        }
    }

    /** Waits for the answer. */
    Reply reply() throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            control.checkCancelled();
            try {
                return reply.get(LOOK_MILLIS, TimeUnit.MILLISECONDS)
                        .orElseThrow(() -> new ConnectionLostException("the connection ended before the answer did"));
            } catch (TimeoutException e) {
                // It still makes all durable.
            } catch (ExecutionException e) {
                control.checkCancelled();
                throw new ConnectionLostException("no answer came: " + e.getCause(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ConnectionLostException("interrupted while waiting for the answer", e);
            }
        }
        throw new ConnectionLostException("no answer came within " + PATIENCE.toSeconds() + " s");
    }

    @Override
    public boolean isOpen() {
        return !socket.isClosed();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            reply.completeExceptionally(e);
        }
    }
}
