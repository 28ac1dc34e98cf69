package io.catena.vhd.map;

import io.catena.log.LogLine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The redo log of a map, if it has one, and whether it tells of all that is pending: when it has no room, nothing more goes to it until a
 * flush has made all of that durable, for it would lack what the rest builds on.
 *
 * <p><b>Threads.</b> Guarded by the lock of the {@link BlockMap}.
 */
final class LoggedChanges {
    private static final Logger LOG = System.getLogger(LoggedChanges.class.getName());

    /** The name of the disk's file, for messages. */
    private final String node;

    private final @Nullable RedoLog redo;

    /** Whether some of what is pending is not in the log. */
    private boolean unlogged;

    /** The same of what a flush under way is about to write. */
    private boolean frozenUnlogged;

    LoggedChanges(String node, @Nullable RedoLog redo) {
        this.node = node;
        this.redo = redo;
    }

    /** Returns what an earlier process left in the log. */
    List<RedoLog.Entry> survivors() {
        return redo == null ? List.of() : redo.survivors();
    }

    /** Remembers a change. If the log has no room, {@link #isDue} holds until a flush has made it durable. */
    void add(RedoLog.Entry entry) {
        if (redo == null) {
            return;
        }
        if (!unlogged && !frozenUnlogged) {
            try {
                redo.append(entry);
                return;
            } catch (IOException e) {
                LOG.log(
                        Level.WARNING,
                        LogLine.of(
                                "redo-log-not-written",
                                "node",
                                node,
                                "cause",
                                e.getMessage(),
                                "effect",
                                "each write is flushed"));
            }
        }
        unlogged = true;
    }

    /** Something has changed that the log cannot tell of. */
    void skip() {
        unlogged = true;
    }

    /** Whether the log asks for a flush. */
    boolean isDue() {
        return unlogged || frozenUnlogged || (redo != null && redo.isFull());
    }

    /** Whether it soon will. */
    boolean isSoonDue() {
        return redo != null && redo.isHalfFull();
    }

    /** A flush has begun. */
    void freeze() {
        frozenUnlogged |= unlogged;
        unlogged = false;
        if (redo != null) {
            redo.rotate();
        }
    }

    /** It has succeeded. */
    void forgetFrozen() throws IOException {
        frozenUnlogged = false;
        if (redo != null) {
            redo.discard();
        }
    }
}
