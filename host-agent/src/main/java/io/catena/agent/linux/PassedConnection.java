package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;

/**
 * A connected socket that another process has handed over. Its calls wait, whatever the other process had set.
 *
 * <p><b>Threads.</b> One reads and one writes at a time; any may close, which ends the waiting of both.
 */
public final class PassedConnection implements ByteChannel {
    private static final int PIECE_BYTES = 256 << 10;

    private final int descriptor;
    private final Memory received = new Memory(PIECE_BYTES);
    private final Memory sent = new Memory(PIECE_BYTES);

    /** How many are inside a call; guarded by this. */
    private int users;

    /** Guarded by this. */
    private boolean closed;

    private PassedConnection(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Takes a descriptor over.
     *
     * @throws LastErrorException if it is not of a socket; it is closed then
     */
    static PassedConnection of(int descriptor) throws LastErrorException {
        try {
            int flags = Libc.fcntl(descriptor, Libc.F_GETFL, 0);
            Libc.fcntl(descriptor, Libc.F_SETFL, flags & ~Libc.O_NONBLOCK);
            SocketTimeouts.set(descriptor, 0);
            return new PassedConnection(descriptor);
        } catch (LastErrorException e) {
            Libc.close(descriptor);
            throw e;
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int wanted = Math.min(target.remaining(), PIECE_BYTES);
        int count = (int) call(() -> {
            long taken = Libc.read(descriptor, received, wanted);
            target.put(received.getByteBuffer(0, taken));
            return taken;
        });
        return count == 0 && wanted > 0 ? -1 : count;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int wanted = Math.min(source.remaining(), PIECE_BYTES);
        int count = (int) call(() -> {
            sent.getByteBuffer(0, wanted).put(source.slice(source.position(), wanted));
            return Libc.send(descriptor, sent, wanted, Libc.MSG_NOSIGNAL);
        });
        source.position(source.position() + count);
        return count;
    }

    /** Lets reading end after what has arrived. */
    public void endInput() throws IOException {
        call(() -> Libc.shutdown(descriptor, Libc.SHUT_RD));
    }

    @Override
    public synchronized boolean isOpen() {
        return !closed;
    }

    /** Whoever is inside a call is the one to free the descriptor: its number must not become another file's meanwhile. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            users++;
        }
        try {
            Libc.shutdown(descriptor, Libc.SHUT_RDWR);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != Libc.ENOTCONN) {
                throw new IOException("end of a connection that was handed over: " + e.getMessage(), e);
            }
        } finally {
            leave();
        }
    }

    @FunctionalInterface
    private interface Call {
        long run() throws LastErrorException;
    }

    private long call(Call call) throws IOException {
        enter();
        try {
            while (true) {
                try {
                    return call.run();
                } catch (LastErrorException e) {
                    if (e.getErrorCode() != Libc.EINTR) {
                        throw new IOException("a connection that was handed over failed: " + e.getMessage(), e);
                    }
                }
            }
        } finally {
            leave();
        }
    }

    private synchronized void enter() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        users++;
    }

    private synchronized void leave() {
        users--;
        if (closed && users == 0) {
            Libc.close(descriptor);
            received.close();
            sent.close();
        }
    }
}
