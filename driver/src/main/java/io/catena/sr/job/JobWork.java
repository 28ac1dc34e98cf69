package io.catena.sr.job;

import io.catena.api.JobControl;
import java.io.IOException;

/** Work that takes long. */
@FunctionalInterface
public interface JobWork {
    /** Does the work and returns what came of it, for humans. Runs on a thread of its own. */
    String run(JobControl control) throws IOException;
}
