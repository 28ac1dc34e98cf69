package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket at which other processes of this host hand over connections: whoever connects passes a connected socket as
 * ancillary data ({@code SCM_RIGHTS}) beside a message of any bytes, and leaves.
 *
 * <p>Source: {@code unix(7)}, {@code recvmsg(2)}, {@code cmsg(3)}, with structures as on 64-bit Linux.
 *
 * <p><b>Threads.</b> One receives; any may close, which ends the waiting.
 */
public final class PassedConnections implements Closeable {
    private static final int MAXIMUM_PATH_BYTES = 107;
    private static final int BACKLOG = 16;
    private static final int PATIENCE_SECONDS = 10;

    private static final int ADDRESS_BYTES = 110;
    private static final int MESSAGE_HEADER_BYTES = 56;
    private static final int VECTOR_OFFSET = 16;
    private static final int VECTORS_OFFSET = 24;
    private static final int CONTROL_OFFSET = 32;
    private static final int CONTROL_LENGTH_OFFSET = 40;
    private static final int VECTOR_BYTES = 16;
    private static final int TEXT_BYTES = 256;
    private static final int CONTROL_HEADER_BYTES = 16;
    private static final int MOST_DESCRIPTORS = 4;
    private static final int SCM_RIGHTS = 1;

    private final Path path;
    private final int descriptor;

    /** Guarded by this. */
    private boolean closed;

    private PassedConnections(Path path, int descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    /** Listens at {@code path}, for this user's processes; what a dead process left there is replaced. */
    public static PassedConnections open(Path path) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > MAXIMUM_PATH_BYTES) {
            throw new IOException("the path of a Unix socket has at most " + MAXIMUM_PATH_BYTES + " bytes, " + path
                    + " has " + name.length);
        }
        Files.deleteIfExists(path);
        int descriptor = socketFor(path);
        try (Memory address = new Memory(ADDRESS_BYTES)) {
            address.clear();
            address.setShort(0, (short) Libc.AF_UNIX);
            address.write(2, name, 0, name.length);
            Libc.bind(descriptor, address, ADDRESS_BYTES);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            Libc.listen(descriptor, BACKLOG);
            return new PassedConnections(path, descriptor);
        } catch (IOException | LastErrorException e) {
            Libc.close(descriptor);
            throw new IOException("cannot listen at " + path + ": " + e.getMessage(), e);
        }
    }

    private static int socketFor(Path path) throws IOException {
        try {
            return Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.O_CLOEXEC, 0);
        } catch (LastErrorException e) {
            throw new IOException("no socket to listen at " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Waits for somebody who wants to hand over a connection.
     *
     * @return null when this is closed
     * @throws IOException if nobody can be let in now, for instance for want of descriptors; it can be tried again
     */
    public @Nullable Visitor accept() throws IOException {
        while (!isClosed()) {
            try {
                return new Visitor(Libc.accept4(descriptor, null, null, Libc.O_CLOEXEC));
            } catch (LastErrorException e) {
                if (e.getErrorCode() != Libc.EINTR && !isClosed()) {
                    throw new IOException("nobody can be let in at " + path + ": " + e.getMessage(), e);
                }
            }
        }
        return null;
    }

    /** Somebody who wants to hand over a connection. For one thread, once. */
    public static final class Visitor {
        private final int caller;

        private Visitor(int caller) {
            this.caller = caller;
        }

        /**
         * Takes the connection, and lets the visitor go.
         *
         * @return nothing if the visitor passes none within ten seconds
         * @throws IOException if what is passed is no connection
         */
        public Optional<PassedConnection> receive() throws IOException {
            try {
                SocketTimeouts.set(caller, PATIENCE_SECONDS);
                return receiveFrom(caller);
            } catch (LastErrorException e) {
                if (e.getErrorCode() == Libc.EAGAIN) {
                    return Optional.empty();
                }
                throw new IOException("what was handed over is no connection: " + e.getMessage(), e);
            } finally {
                Libc.close(caller);
            }
        }

        /** Lets the visitor go without a word. */
        public void turnAway() {
            Libc.close(caller);
        }
    }

    /** More descriptors than one, which nobody passes, are closed. */
    private static Optional<PassedConnection> receiveFrom(int caller) {
        int controlBytes = CONTROL_HEADER_BYTES + MOST_DESCRIPTORS * Integer.BYTES;
        try (Memory text = new Memory(TEXT_BYTES);
                Memory vector = new Memory(VECTOR_BYTES);
                Memory control = new Memory(controlBytes);
                Memory header = new Memory(MESSAGE_HEADER_BYTES)) {
            vector.setPointer(0, text);
            vector.setLong(Long.BYTES, TEXT_BYTES);
            control.clear();
            header.clear();
            header.setPointer(VECTOR_OFFSET, vector);
            header.setLong(VECTORS_OFFSET, 1);
            header.setPointer(CONTROL_OFFSET, control);
            header.setLong(CONTROL_LENGTH_OFFSET, controlBytes);
            receive(caller, header);
            if (header.getLong(CONTROL_LENGTH_OFFSET) < CONTROL_HEADER_BYTES + Integer.BYTES
                    || control.getInt(Long.BYTES) != Libc.SOL_SOCKET
                    || control.getInt(Long.BYTES + Integer.BYTES) != SCM_RIGHTS) {
                return Optional.empty();
            }
            int count = (int) ((control.getLong(0) - CONTROL_HEADER_BYTES) / Integer.BYTES);
            int[] passed = control.getIntArray(CONTROL_HEADER_BYTES, count);
            for (int i = 1; i < count; i++) {
                Libc.close(passed[i]);
            }
            return Optional.of(PassedConnection.of(passed[0]));
        }
    }

    /** A signal ends a wait that has a deadline, too; that is no reason to lose a client. */
    private static void receive(int caller, Memory header) {
        while (true) {
            try {
                Libc.recvmsg(caller, header, Libc.MSG_CMSG_CLOEXEC);
                return;
            } catch (LastErrorException e) {
                if (e.getErrorCode() != Libc.EINTR) {
                    throw e;
                }
            }
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** The descriptor itself is closed by whoever waits, so that its number is not given to another file meanwhile. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        try {
            Libc.shutdown(descriptor, Libc.SHUT_RDWR);
        } catch (LastErrorException e) {
            throw new IOException("cannot end listening at " + path + ": " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(path);
        }
    }

    /** Frees what is left; to be called by whoever received, when that has ended. */
    public void release() {
        Libc.close(descriptor);
    }
}
