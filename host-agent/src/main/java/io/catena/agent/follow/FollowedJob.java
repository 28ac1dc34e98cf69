package io.catena.agent.follow;

import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.sr.job.JobWork;
import java.util.concurrent.TimeUnit;

/** A job of this host that is one of the host that has the SR: tells of it, and ends it when it is cancelled. */
final class FollowedJob implements JobWork {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final HolderCalls calls;
    private final long id;
    private long doneBytes;
    private long totalBytes;
    private boolean cancelled;

    FollowedJob(HolderCalls calls, Job job) {
        this.calls = calls;
        this.id = job.id();
    }

    @Override
    public String run(JobControl control) {
        while (true) {
            Job job = calls.look("job", Arguments.of("job", id), Job.class);
            tell(job, control);
            if (job.state().ended()) {
                return result(job);
            }
            rest(control);
        }
    }

    private void tell(Job job, JobControl control) {
        control.phase(job.phase());
        control.addTotal(Math.max(0, job.totalBytes() - totalBytes));
        control.done(Math.max(0, job.doneBytes() - doneBytes));
        totalBytes = Math.max(totalBytes, job.totalBytes());
        doneBytes = Math.max(doneBytes, job.doneBytes());
    }

    private void rest(JobControl control) {
        try {
            control.checkCancelled();
            control.rest(LOOK_NANOS);
        } catch (SrException e) {
            if (e.error() != SrError.CANCELLED || cancelled) {
                throw e;
            }
            cancelled = true;
            calls.change("cancelJob", Arguments.of("job", id), Job.class);
        }
    }

    private static String result(Job job) {
        Job.Failure failure = job.failure();
        if (job.state() == Job.State.DONE) {
            return job.result();
        }
        if (failure == null) {
            throw new SrException(SrError.CANCELLED, "The job was cancelled on the host that has the SR");
        }
        SrException told = new SrException(failure.error(), failure.message());
        throw failure.correction() == null ? told : told.correction(failure.correction());
    }
}
