package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import java.io.Closeable;
import java.nio.file.Path;

/** A file descriptor that is closed once. For one thread at a time. */
record Descriptor(int number) implements Closeable {
    /** Returns a path that leads to this very file, whatever its name may mean meanwhile. */
    Path path() {
        return Path.of("/proc/self/fd/" + number);
    }

    /** What the kernel says at closing concerns what was written; nothing is written through these. */
    @Override
    public void close() {
        try {
            Libc.close(number);
        } catch (LastErrorException e) {
            // The number is free again, whatever it says.
        }
    }
}
