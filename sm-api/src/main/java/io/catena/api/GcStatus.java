package io.catena.api;

import io.catena.remedy.Advice;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How garbage collection of an SR stands.
 *
 * @param job the run under way
 * @param plan what is left to do, in the order in which it would be done
 * @param setAside what failed, and is left alone
 * @param refused pairs of nodes that could be one but for the reason given
 * @param debts what merging would do for each disk for which there is something to do
 * @param freeBytes free on the file system
 * @param nextRun when a run begins that nobody has to ask for; null if none is due
 */
public record GcStatus(
        SrId sr,
        State state,
        @Nullable Long job,
        GcSettings settings,
        List<Step> plan,
        List<SetAside> setAside,
        List<Refusal> refused,
        List<Debt> debts,
        long freeBytes,
        @Nullable Instant nextRun) {
    public GcStatus {
        plan = List.copyOf(plan);
        setAside = List.copyOf(setAside);
        refused = List.copyOf(refused);
        debts = List.copyOf(debts);
    }

    /** Whether it works. */
    public enum State {
        IDLE,
        RUNNING,
        PAUSED
    }

    /** What a step does. */
    public enum Way {
        /** Deletes a base copy that nothing builds on. */
        DELETE,
        /** Copies what a base copy holds into its parent. */
        PUSH_DOWN,
        /** Copies into a node what its parent has and it lacks. */
        PULL_UP,
        /** Moves what a disk holds to its base copy, which takes its place. */
        DRAIN
    }

    /**
     * One thing to do.
     *
     * @param node the file that it is about: garbage, or the upper of two that become one
     * @param parent the lower of the two; null for garbage
     * @param bytesToMove how much is copied, at most
     * @param bytesNeeded how much more space is taken before any is given back, at most
     * @param bytesFreed how much less space is taken afterwards, at least
     * @param reason why it is done, and in this way
     * @param running whether it is being done
     */
    public record Step(
            Way way,
            String node,
            @Nullable String parent,
            long bytesToMove,
            long bytesNeeded,
            long bytesFreed,
            String reason,
            boolean running) {}

    /**
     * A node that failed again and again.
     *
     * @param tries how often it was tried
     * @param nextTry when it is tried again without being asked; null if it is not
     */
    public record SetAside(
            String node, int tries, String reason, @Nullable Instant nextTry) {}

    /** What cannot be done, and why. */
    public record Refusal(String node, Advice reason) {}

    /**
     * What merging would do for a disk's chain.
     *
     * @param steps by how many nodes it would become shorter
     */
    public record Debt(VdiId vdi, String name, int steps, long bytesToMove, long bytesFreed) {}
}
