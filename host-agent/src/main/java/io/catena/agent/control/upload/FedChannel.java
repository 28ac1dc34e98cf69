package io.catena.agent.control.upload;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a stream that comes over several connections, one after another.
 *
 * <p><b>Threads.</b> One thread reads; any thread may do the rest.
 */
final class FedChannel implements ReadableByteChannel {
    private final long lengthBytes;
    private final Duration patience;

    /** Where bytes come from now. Guarded by this, as is all that follows. */
    private @Nullable Feed feed;

    private long position;
    private boolean open = true;

    /** What comes over one connection. */
    static final class Feed {
        private final ReadableByteChannel source;
        private final CompletableFuture<Void> lost = new CompletableFuture<>();

        private Feed(ReadableByteChannel source) {
            this.source = source;
        }

        /** Fails when the connection broke off, with what the client is to be told; nothing reads from it then. */
        CompletableFuture<Void> lost() {
            return lost;
        }
    }

    /**
     * @param position where the first byte that is lacking stands in the stream
     * @param patience how long it may have no connection
     */
    FedChannel(long position, long lengthBytes, Duration patience) {
        this.position = position;
        this.lengthBytes = lengthBytes;
        this.patience = patience;
    }

    /**
     * Goes on with a connection.
     *
     * @param from where its first byte stands in the stream
     * @throws SrException if there is a connection already, or another byte is lacking
     */
    synchronized Feed feed(ReadableByteChannel source, long from) {
        if (feed != null) {
            throw new SrException(SrError.TRY_AGAIN, "The stream still comes over another connection")
                    .correction("Try again when that has ended.");
        }
        if (from != position) {
            throw misplaced(from, position);
        }
        feed = new Feed(source);
        notifyAll();
        return feed;
    }

    static SrException misplaced(long from, long expected) {
        return new SrException(
                        SrError.BAD_REQUEST, "The stream was sent from byte " + from + " on, expected " + expected)
                .correction("Ask how much has come, and send the rest; or all of it.");
    }

    synchronized long position() {
        return position;
    }

    synchronized boolean isFed() {
        return feed != null;
    }

    /** Waits for a connection if there is none; of what broke off later, that which came before counts. */
    @Override
    public int read(ByteBuffer target) throws IOException {
        while (position() < lengthBytes) {
            Feed current = current();
            int before = target.position();
            try {
                if (current.source.read(target) < 0) {
                    lose(current, new EOFException("it ended after " + position() + " of " + lengthBytes + " bytes"));
                }
            } catch (SrException e) {
                lose(current, e);
            } catch (IOException e) {
                lose(current, e);
            }
            int count = target.position() - before;
            if (count > 0) {
                took(count);
                return count;
            }
        }
        return -1;
    }

    private synchronized void took(int count) {
        position += count;
    }

    private synchronized Feed current() throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            if (!open) {
                throw new IOException("it was given up");
            }
            if (feed != null) {
                return feed;
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new IOException("nobody went on with it within " + patience.toSeconds() + " s");
            }
            rest(left);
        }
    }

    private synchronized void rest(long nanos) throws IOException {
        try {
            TimeUnit.NANOSECONDS.timedWait(this, nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the rest");
        }
    }

    private void lose(Feed former, IOException cause) {
        lose(
                former,
                new SrException(SrError.TRY_AGAIN, "The stream broke off: " + cause.getMessage(), cause)
                        .correction("Ask how much has come, and send the rest."));
    }

    private synchronized void lose(Feed former, SrException told) {
        feed = null;
        former.lost.completeExceptionally(told);
    }

    @Override
    public synchronized boolean isOpen() {
        return open;
    }

    /** Ends the stream for who reads it, as soon as no read waits for the connection. */
    @Override
    public synchronized void close() {
        open = false;
        notifyAll();
    }
}
