package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.time.Duration;

/** Waiting for a file descriptor. Source: {@code poll(2)}. */
final class Polling {
    private static final short POLLIN = 1;
    private static final int EVENTS_OFFSET = 4;
    private static final int STRUCTURE_BYTES = 8;

    private Polling() {}

    /** Waits until a read would not wait, also because it would fail, or find the end; false if that takes too long. */
    static boolean isReadable(int descriptor, Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (Memory wanted = new Memory(STRUCTURE_BYTES)) {
            wanted.clear();
            wanted.setInt(0, descriptor);
            wanted.setShort(EVENTS_OFFSET, POLLIN);
            while (true) {
                long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
                try {
                    return Libc.poll(wanted, 1, (int) Math.max(0, millis)) > 0;
                } catch (LastErrorException e) {
                    if (e.getErrorCode() != Libc.EINTR) {
                        throw new IOException("poll of a socket: " + e.getMessage(), e);
                    }
                }
            }
        }
    }
}
