package io.catena.agent.follow.keep;

import java.util.concurrent.atomic.AtomicInteger;

/** The memory for the changes that followed disks keep: of all together, in equal shares. Safe for use by many threads. */
public final class KeptShare {
    /** The most that a disk has. */
    private static final long MOST_BYTES = 32 << 20;

    /** The least: a request of the largest size is let in alone. */
    private static final long LEAST_BYTES = 1 << 20;

    private final long allBytes;
    private final AtomicInteger disks = new AtomicInteger();

    public KeptShare(long allBytes) {
        this.allBytes = allBytes;
    }

    /** An eighth of the memory that this process may have. */
    public static KeptShare ofProcess() {
        return new KeptShare(Runtime.getRuntime().maxMemory() / 8);
    }

    /** One disk more has a share. */
    public void joined() {
        disks.incrementAndGet();
    }

    /** One disk less. */
    public void left() {
        disks.decrementAndGet();
    }

    /** Returns how much a disk may have now. */
    public long bytes() {
        return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, allBytes / Math.max(1, disks.get())));
    }
}
