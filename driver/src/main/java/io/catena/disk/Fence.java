package io.catena.disk;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Ends the service of disks whose files somebody else may have by now: once it has fallen, no request is done any more, and
 * none that was under way is answered as done. It never rises again.
 *
 * <p><b>Threads.</b> Safe for use by many threads; takes no lock.
 */
public final class Fence {
    private volatile @Nullable String reason;

    /** Ends the service. */
    public void fall(String why) {
        reason = why;
    }

    /** Returns why the service has ended; empty if it has not. */
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /** Throws if the fence has fallen. */
    void check() throws IOException {
        String fallen = reason;
        if (fallen != null) {
            throw new IOException("the disk is not served any more: " + fallen);
        }
    }
}
