package io.catena.lease;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** That another host holds what was to be claimed, and is not known to be dead. */
public final class HeldElsewhereException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Holder holder;
    private final long untilDeadNanos;
    private final long silentNanos;

    /**
     * @param since when the holder took it, for humans; null if unknown
     * @param untilDeadNanos how long it takes at least until the holder counts as dead, if it stays silent
     */
    HeldElsewhereException(String key, Holder holder, @Nullable String since, Liveness liveness, long untilDeadNanos) {
        super(key + " is held by host " + holder.text() + (since == null ? "" : " since " + since)
                + (liveness.state() == Liveness.State.SILENT
                        ? ", which has been silent for " + seconds(liveness.silentNanos()) + " s; it can be taken in "
                                + seconds(untilDeadNanos + 999_999_999) + " s"
                        : ", which lives"));
        this.holder = holder;
        this.untilDeadNanos = untilDeadNanos;
        this.silentNanos = liveness.silentNanos();
    }

    private static long seconds(long nanos) {
        return Duration.ofNanos(nanos).toSeconds();
    }

    /** Returns for how long the holder has shown no sign of life, in ns, as far as this host looked. */
    public long silentNanos() {
        return silentNanos;
    }

    /** Returns who holds it. */
    public Holder holder() {
        return holder;
    }

    /** Returns how long it takes at least until the holder counts as dead, if it stays silent, in ns. */
    public long untilDeadNanos() {
        return untilDeadNanos;
    }
}
