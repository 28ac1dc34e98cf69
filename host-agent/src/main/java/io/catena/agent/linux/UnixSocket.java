package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A connected Unix socket which, unlike Java's, can be handed to the kernel. For one thread.
 *
 * <p>Source: {@code unix(7)}.
 */
public final class UnixSocket implements ByteChannel {
    private static final int PATH_OFFSET = 2;
    private static final int ADDRESS_BYTES = 110;
    private static final int NONE = -1;

    private final Duration patience;
    private int descriptor;

    private UnixSocket(int descriptor, Duration patience) {
        this.descriptor = descriptor;
        this.patience = patience;
    }

    /**
     * Connects to who listens at a path.
     *
     * @param patience how long a read may wait
     */
    public static UnixSocket connect(Path path, Duration patience) throws IOException {
        return connect(path.toString(), Libc.SOCK_STREAM, patience);
    }

    /**
     * Returns a socket of which each write is a message to who listens at an address.
     *
     * @param address a path, or a name in the abstract namespace behind "@"
     */
    public static UnixSocket datagrams(String address, Duration patience) throws IOException {
        UnixSocket socket = connect(address, Libc.SOCK_DGRAM, patience);
        SocketTimeouts.set(socket.descriptor, (int) Math.max(1, patience.toSeconds()));
        return socket;
    }

    private static UnixSocket connect(String path, int type, Duration patience) throws IOException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        if (name.length >= ADDRESS_BYTES - PATH_OFFSET) {
            throw new IOException("the path of a Unix socket has at most 107 bytes, " + path + " has " + name.length);
        }
        boolean isAbstract = path.startsWith("@");
        if (isAbstract) {
            name[0] = 0;
        }
        try (Memory address = new Memory(ADDRESS_BYTES)) {
            address.clear();
            address.setShort(0, (short) Libc.AF_UNIX);
            address.write(PATH_OFFSET, name, 0, name.length);
            int descriptor = Libc.socket(Libc.AF_UNIX, type | Libc.O_CLOEXEC, 0);
            try {
                Libc.connect(descriptor, address, isAbstract ? PATH_OFFSET + name.length : ADDRESS_BYTES);
                return new UnixSocket(descriptor, patience);
            } catch (LastErrorException e) {
                Libc.close(descriptor);
                throw e;
            }
        } catch (LastErrorException e) {
            throw new IOException("no connection to " + path + ": " + e.getMessage(), e);
        }
    }

    /** The socket's number in this process. */
    int descriptor() {
        return descriptor;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int wanted = target.remaining();
        if (wanted == 0) {
            return 0;
        }
        try (Memory memory = new Memory(wanted)) {
            if (!Polling.isReadable(open(), patience)) {
                throw new SocketTimeoutException("no answer within " + patience.toMillis() + " ms");
            }
            int count = (int) Libc.read(open(), memory, wanted);
            target.put(memory.getByteBuffer(0, wanted).limit(count));
            return count == 0 ? -1 : count;
        } catch (LastErrorException e) {
            throw new IOException("read of a Unix socket: " + e.getMessage(), e);
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int wanted = source.remaining();
        if (wanted == 0) {
            return 0;
        }
        try (Memory memory = new Memory(wanted)) {
            memory.getByteBuffer(0, wanted).put(source.duplicate());
            int count = (int) Libc.write(open(), memory, wanted);
            source.position(source.position() + count);
            return count;
        } catch (LastErrorException e) {
            throw new IOException("write to a Unix socket: " + e.getMessage(), e);
        }
    }

    private int open() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        return descriptor;
    }

    @Override
    public boolean isOpen() {
        return descriptor != NONE;
    }

    /** Lets go of the socket; if the kernel has taken it, the connection stays. */
    @Override
    public void close() throws IOException {
        if (!isOpen()) {
            return;
        }
        try {
            Libc.close(descriptor);
        } catch (LastErrorException e) {
            throw new IOException("close of a Unix socket: " + e.getMessage(), e);
        } finally {
            descriptor = NONE;
        }
    }
}
