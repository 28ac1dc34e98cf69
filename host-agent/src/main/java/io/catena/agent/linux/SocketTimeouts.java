package io.catena.agent.linux;

import com.sun.jna.Memory;

/** How long a socket's calls wait: {@code SO_RCVTIMEO} and {@code SO_SNDTIMEO} of {@code socket(7)}. */
final class SocketTimeouts {
    private static final int RECEIVE = 20;
    private static final int SEND = 21;
    private static final int BYTES = 16;

    private SocketTimeouts() {}

    /**
     * Sets both.
     *
     * @param seconds 0 for as long as it takes
     */
    static void set(int descriptor, int seconds) {
        try (Memory value = new Memory(BYTES)) {
            value.clear();
            value.setLong(0, seconds);
            Libc.setsockopt(descriptor, Libc.SOL_SOCKET, RECEIVE, value, BYTES);
            Libc.setsockopt(descriptor, Libc.SOL_SOCKET, SEND, value, BYTES);
        }
    }
}
