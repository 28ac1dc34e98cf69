package io.catena.api;

import io.catena.remedy.Advice;
import java.util.List;

/**
 * How a storage repository does. One that is degraded works, but for what the reasons tell.
 *
 * @param reasons what keeps it from being healthy; empty if nothing does
 */
public record SrHealth(State state, List<Reason> reasons) {
    public SrHealth {
        reasons = List.copyOf(reasons);
    }

    /** In one word. */
    public enum State {
        HEALTHY,
        DEGRADED
    }

    /** What is wrong. */
    public enum Kind {
        /** The lock of the SR is lost: somebody else may have it, and all disks fail. */
        LOST_LOCK,
        /** A node's file cannot be read, and no disk that builds on it can be used. */
        UNREADABLE_NODE,
        /** Two files claim to be the same disk, or one is not what it was; not opened for writing before somebody decides. */
        CONTRADICTION,
        /** The directory holds so many files that it is not looked through; what is known is served. */
        TOO_MANY_FILES,
        /** An operation failed half-way, and nothing is changed before it is completed. */
        UNFINISHED_OPERATION,
        /** Writes that were answered are in a redo log only, since their file could not be opened. */
        KEPT_REDO_LOG,
        /** Writes that were answered are lost, since their redo log is, or their file was replaced. */
        LOST_REDO_LOG,
        /** Garbage collection failed with a node, and leaves it alone for a while or for good. */
        SET_ASIDE_NODE,
        /** Less is free than garbage collection leaves free. */
        LOW_SPACE,
        /** A chain comes near its limit. */
        LONG_CHAIN
    }

    /**
     * Something that is wrong.
     *
     * @param what a sentence
     * @param cure what to do about it
     */
    public record Reason(Kind kind, String what, Advice cure) {}

    /** Tells the state by the reasons. */
    public static SrHealth of(List<Reason> reasons) {
        return new SrHealth(reasons.isEmpty() ? State.HEALTHY : State.DEGRADED, reasons);
    }
}
