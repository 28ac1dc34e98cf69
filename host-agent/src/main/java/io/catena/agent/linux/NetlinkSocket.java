package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** The calls that are made upon a socket to the kernel. */
interface NetlinkSocket extends Closeable {
    int NETLINK_GENERIC = 16;

    /** Sends one message, whole. */
    void write(Memory message, int lengthBytes) throws LastErrorException;

    /** Waits until there is an answer, or a failure; false if that takes too long. */
    boolean isReadable(Duration patience) throws IOException;

    /** Returns how many bytes were received. */
    int read(Memory target, int maxBytes) throws LastErrorException;

    /** Opens a socket for generic netlink. */
    static NetlinkSocket open() throws IOException {
        try {
            return new OfKernel(Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.O_CLOEXEC, NETLINK_GENERIC));
        } catch (LastErrorException e) {
            throw new IOException("no netlink socket: " + e.getMessage(), e);
        }
    }

    /** A real one. */
    record OfKernel(int descriptor) implements NetlinkSocket {
        @Override
        public void write(Memory message, int lengthBytes) {
            Libc.write(descriptor, message, lengthBytes);
        }

        @Override
        public boolean isReadable(Duration patience) throws IOException {
            return Polling.isReadable(descriptor, patience);
        }

        @Override
        public int read(Memory target, int maxBytes) {
            return (int) Libc.read(descriptor, target, maxBytes);
        }

        @Override
        public void close() throws IOException {
            try {
                Libc.close(descriptor);
            } catch (LastErrorException e) {
                throw new IOException("close of a netlink socket: " + e.getMessage(), e);
            }
        }
    }
}
