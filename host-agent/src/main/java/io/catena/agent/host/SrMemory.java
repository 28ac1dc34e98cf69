package io.catena.agent.host;

import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.JobIntent;
import io.catena.api.JobIntents;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Set;

/** Keeps which disks are to be attached, and which jobs to be begun, when the agent starts again. */
interface SrMemory {
    /**
     * All that holds a disk from now on; nothing does if it is empty.
     *
     * @param as how it is exported besides NBD
     */
    void holds(SrId sr, VdiId vdi, List<Hold> holds, Set<ExportKind> as);

    /**
     * A job that is to be begun again if it does not come to its end.
     *
     * @param intents where to keep it
     */
    void began(JobIntents intents, JobIntent intent);

    /** Returns an id for a disk. */
    VdiId newVdi();

    /** Whether the disk is to be attached. */
    boolean remembers(SrId sr, VdiId vdi);
}
