package io.catena.agent.nbd.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * Reads the requests of a client that waits for each answer before it sends the next, and does not sleep while one is likely to
 * come within microseconds.
 *
 * <p>To wake a thread that sleeps, on a processor that sleeps, takes 5 us on bare metal and 25 us on virtual machines: longer
 * than the answer to a small read. A network card's driver does the same ({@code SO_BUSY_POLL}), but Unix sockets know nothing
 * like it.
 *
 * <p>It polls while clients' pauses are shorter than the longest poll in the mean, and {@link PollingRoom} has room. What it
 * takes of a processor is so bounded by what it saves, and an idle client costs nothing.
 *
 * <p><b>Threads.</b> For one thread; while it polls, another's write to the socket may return before it has written.
 */
public final class BusyPoll implements ReadableByteChannel {
    /** How many pauses the mean is taken over. */
    private static final int PAUSES = 8;

    private final ReadableByteChannel source;

    /** Null if the source is no socket itself; it is never polled then. */
    private final @Nullable SocketChannel socket;

    private final PollingRoom room;
    private final long longestNanos;

    /** The mean of the last pauses, each counted as four times the longest poll at most. */
    private long meanNanos;

    public BusyPoll(ReadableByteChannel source, PollingRoom room) {
        this.source = source;
        this.socket = source instanceof SocketChannel itself ? itself : null;
        this.room = room;
        this.longestNanos = room.longestPoll().toNanos();
        this.meanNanos = longestPauseNanos();
    }

    private long longestPauseNanos() {
        return 4 * longestNanos;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        long start = System.nanoTime();
        int count = 0;
        if (socket != null && meanNanos < longestNanos && room.enter()) {
            try {
                count = poll(socket, target, start + longestNanos);
            } finally {
                room.leave();
            }
        }
        if (count == 0) {
            count = source.read(target);
        }
        meanNanos += (Math.min(System.nanoTime() - start, longestPauseNanos()) - meanNanos) / PAUSES;
        return count;
    }

    /** Reads what is here already; returns 0 if nothing is, or if that cannot be asked. */
    public int readNow(ByteBuffer target) throws IOException {
        return socket == null ? 0 : poll(socket, target, System.nanoTime());
    }

    /** Returns 0 if nothing has come. */
    private static int poll(SocketChannel socket, ByteBuffer target, long endNanos) throws IOException {
        socket.configureBlocking(false);
        try {
            int count = socket.read(target);
            while (count == 0 && System.nanoTime() - endNanos < 0) {
                Thread.onSpinWait();
                count = socket.read(target);
            }
            return count;
        } finally {
            socket.configureBlocking(true);
        }
    }

    @Override
    public boolean isOpen() {
        return source.isOpen();
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
