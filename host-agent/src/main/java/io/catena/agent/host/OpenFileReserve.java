package io.catena.agent.host;

import com.sun.management.UnixOperatingSystemMXBean;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * Keeps file descriptors for the disks that are active: their clients come back, they are cut by snapshots and merged. When
 * descriptors are short, the disk that comes last is refused, and no other is harmed.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class OpenFileReserve {
    private static final long MOST_RESERVED = 256;

    /** The part of all descriptors that is reserved, if that is less. */
    private static final int FRACTION = 4;

    private final LongSupplier limit;
    private final LongSupplier used;

    OpenFileReserve(LongSupplier limit, LongSupplier used) {
        this.limit = limit;
        this.used = used;
    }

    /** For this process. */
    static OpenFileReserve ofProcess() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? new OpenFileReserve(system::getMaxFileDescriptorCount, system::getOpenFileDescriptorCount)
                : new OpenFileReserve(() -> Long.MAX_VALUE, () -> 0);
    }

    /**
     * To be called before another disk is opened.
     *
     * @throws SrException with {@link SrError#TRY_AGAIN} if what is left is for the disks that are open
     */
    void check() {
        long most = limit.getAsLong();
        long reserved = Math.min(MOST_RESERVED, most / FRACTION);
        long open = used.getAsLong();
        if (most - open < reserved) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "The agent has " + open + " of at most " + most + " file descriptors in use, and keeps "
                                    + reserved + " for the disks that are active")
                    .correction("Detach disks, or start the agent with a higher limit (ulimit -n, LimitNOFILE=).");
        }
    }
}
