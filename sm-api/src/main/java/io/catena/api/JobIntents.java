package io.catena.api;

import java.io.IOException;
import java.util.List;

/**
 * The jobs of an SR that have not come to their end. Who attaches the SR begins them again.
 *
 * <p><b>Threads.</b> Safe for use by many threads, as long as nobody keeps and forgets the same job at once.
 */
public interface JobIntents {
    /** Keeps nothing: for who must not write in an SR. */
    JobIntents NONE = new JobIntents() {
        @Override
        public void keep(JobIntent intent) {}

        @Override
        public void forget(long job) {}

        @Override
        public List<JobIntent> all() {
            return List.of();
        }

        @Override
        public void setAside(long job, Exception reason) {}
    };

    /** Keeps a job; durable when this returns. */
    void keep(JobIntent intent) throws IOException;

    /** Forgets a job that came to its end; durable when this returns. Does nothing if it is not kept. */
    void forget(long job) throws IOException;

    /** Returns the jobs that are kept, by id; what cannot be read is set aside. */
    List<JobIntent> all() throws IOException;

    /** Sets a job aside that cannot be begun again. */
    void setAside(long job, Exception reason) throws IOException;
}
