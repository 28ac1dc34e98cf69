package io.catena.api;

import java.util.Collection;
import java.util.List;

/**
 * Garbage collection of one SR: the deleting of what nobody can reach, and the merging of base copies.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public interface GarbageControl {
    /** Starts a run, also outside of the window; what was set aside gets another chance. Returns one that runs already. */
    default Job run() {
        return run(List.of());
    }

    /**
     * As {@link #run()}, after some base copies were declared to be garbage.
     *
     * @param deleted the names of files that nothing builds on, of which {@link #status} says that their origin is unknown
     * @throws SrException {@link SrError#BAD_REQUEST} if one of them is something else; nothing is deleted then
     */
    Job run(Collection<String> deleted);

    /** Returns what is left to do, in which order, at which cost and why; and what cannot be done. */
    GcStatus status();

    /** Ends the run at its next safe point, and starts no other until {@link #resume}, also after a restart. */
    GcStatus pause();

    /** Ends a pause, and starts a run. What was copied before is not copied again. */
    GcStatus resume();

    /** Ends the run at its next safe point; does nothing if there is none. */
    GcStatus cancel();

    /** Changes what is merged, when and how fast. */
    GcStatus set(GcChange change);

    /** Returns what would come back if a disk were deleted; nothing is changed. */
    DeletionGain gain(VdiId vdi);

    /** Returns what would come back if all these disks were deleted; nothing is changed. */
    JointGain gain(Collection<VdiId> vdis);
}
