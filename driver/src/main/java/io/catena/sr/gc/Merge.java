package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.job.StepInterrupted;
import io.catena.sr.tree.SrTree;
import io.catena.vhd.SectorCopier;
import java.io.IOException;

/**
 * A way to make one node of two neighbours.
 *
 * <p><b>Threads.</b> Used by one thread, while others merge other trees. Takes the SR's tree lock for moments only, never while
 * it copies; what changes names or links goes through {@link SrTree#commit}.
 */
interface Merge {
    /**
     * Takes the step, or goes on with it where it was interrupted.
     *
     * @throws StepInterrupted if it was stopped, to be continued later
     * @throws IOException also if something else was done with the nodes meanwhile
     */
    Done merge(GcStep step, JobControl control) throws IOException;

    /**
     * What a step did.
     *
     * @param writtenBytes how much was written to copy data
     * @param sharedBytes how much data changed its file without being written
     */
    record Done(int deleted, int merged, long writtenBytes, long sharedBytes) {
        static final Done NOTHING = new Done(0, 0, 0, 0);

        static Done merged(int nodes, SectorCopier copied) {
            return new Done(0, nodes, copied.writtenBytes(), copied.sharedBytes());
        }

        Done plus(Done other) {
            return new Done(
                    deleted + other.deleted,
                    merged + other.merged,
                    writtenBytes + other.writtenBytes,
                    sharedBytes + other.sharedBytes);
        }
    }
}
