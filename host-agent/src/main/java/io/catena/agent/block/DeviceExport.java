package io.catena.agent.block;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A disk as a block device, of whatever kind.
 *
 * <p><b>Threads.</b> Safe for use by many threads; removing waits, and holds up the others meanwhile.
 */
interface DeviceExport {
    Path device();

    /** Gives the device the disk's size. */
    void resized() throws IOException;

    /**
     * Ends the service with the device as it is: its requests wait for the next agent.
     *
     * @param deadline for the requests under way
     */
    void letGo(Duration deadline) throws IOException;

    /**
     * Removes the device, with all that was written to it durable. If that fails it can be tried again.
     *
     * @param patience for how long the device may be used
     * @throws HeldException if it still is then
     */
    void remove(Duration patience) throws IOException;

    /** Says who uses a device. */
    final class HeldException extends IOException {
        private static final long serialVersionUID = 1;

        private static final long PAUSE_MILLIS = 50;

        HeldException(Path device, List<String> holders) {
            super(device + " is in use: " + String.join(", ", holders));
        }

        /** Nothing tells when the last user of a device closes it: throws this when there is no time left, else waits a moment. */
        void unlessBefore(long deadline) throws IOException {
            if (System.nanoTime() >= deadline) {
                throw this;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for the users of a device");
            }
        }
    }
}
