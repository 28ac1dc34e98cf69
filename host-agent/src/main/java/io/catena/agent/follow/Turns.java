package io.catena.agent.follow;

import io.catena.disk.BlockDevice;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connections of followers: one at a time for each ticket. Safe for use by many threads. */
final class Turns {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** By ticket. Guarded by this. */
    private final Map<String, TurnDevice> turns = new HashMap<>();

    /**
     * Begins a turn, when nothing of the one before is under way; null if that takes too long.
     *
     * @param onFlush told after each flush
     */
    @Nullable
    BlockDevice begin(String ticket, BlockDevice device, Runnable onFlush) {
        TurnDevice before;
        synchronized (this) {
            before = turns.get(ticket);
        }
        if (before != null && !before.end(PATIENCE_NANOS)) {
            return null;
        }
        synchronized (this) {
            if (turns.get(ticket) != before) {
                return null;
            }
            TurnDevice next = new TurnDevice(device, onFlush);
            turns.put(ticket, next);
            return next;
        }
    }

    /** Forgets the turns of tickets that are not good any more. */
    synchronized void retain(Set<String> tickets) {
        turns.keySet().retainAll(tickets);
    }
}
