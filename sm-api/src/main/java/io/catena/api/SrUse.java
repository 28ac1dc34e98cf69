package io.catena.api;

import java.util.List;

/**
 * Who uses a storage repository.
 *
 * @param holds who has which disks attached
 * @param jobs the jobs that have not ended
 */
public record SrUse(SrId sr, List<Hold> holds, List<Job> jobs) {
    public SrUse {
        holds = List.copyOf(holds);
        jobs = List.copyOf(jobs);
    }

    /** Whether nobody does. */
    public boolean isNone() {
        return holds.isEmpty() && jobs.isEmpty();
    }
}
