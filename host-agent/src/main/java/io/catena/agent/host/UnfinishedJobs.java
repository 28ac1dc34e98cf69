package io.catena.agent.host;

import io.catena.api.Job;
import io.catena.api.JobIntent;
import io.catena.api.JobIntents;
import io.catena.api.JobQueue;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Begins jobs again that did not come to their end before the agent ended. Each is kept with its SR from its beginning to
 * its end.
 *
 * <p><b>Threads.</b> {@link #began} and {@link #expect} are safe for use by many threads; all else is called under the host's lock
 * of changes.
 */
final class UnfinishedJobs {
    private static final Logger LOG = Logger.getLogger(UnfinishedJobs.class.getName());

    private final JobQueue jobs;
    private final HeldSrs held;

    /** Those that are not begun again yet. */
    private final Map<SrId, List<JobIntent>> waiting = new ConcurrentHashMap<>();

    /** Whether the agent ends, so that jobs which are stopped are to be begun again. */
    private volatile boolean closing;

    UnfinishedJobs(JobQueue jobs, HeldSrs held) {
        this.jobs = jobs;
        this.held = held;
    }

    /** Keeps a job until it has ended. One that cannot be kept, for instance since the file system is full, is done all the same. */
    void began(JobIntents intents, JobIntent intent) {
        try {
            intents.keep(intent);
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("job-not-kept", "job", intent.job()), e);
        }
        jobs.whenEnded(intent.job(), ended -> ended(intents, ended.id()));
    }

    private void ended(JobIntents intents, long job) {
        if (closing) {
            return;
        }
        try {
            intents.forget(job);
        } catch (IOException e) {
            // At worst it is begun once more, and finds everything done.
            LOG.log(Level.WARNING, LogLine.of("job-not-forgotten", "job", job), e);
        }
    }

    /** The agent ends: jobs that end from now on stay kept. */
    void keepAll() {
        closing = true;
    }

    /** Reads what is unfinished in an SR. Its jobs get the numbers that they had. */
    void expect(AttachedSr sr) {
        try {
            List<JobIntent> intents = sr.jobIntents().all();
            intents.forEach(intent -> jobs.expect(intent.job(), intent.kind(), sr.id()));
            waiting.put(sr.id(), intents);
        } catch (IOException e) {
            LOG.log(Level.SEVERE, LogLine.of("jobs-not-resumed", "sr", sr.id()), e);
        }
    }

    /** The SR is not attached any more. */
    void forget(SrId sr) {
        waiting.remove(sr);
    }

    /**
     * Begins again what did not come to its end in the SRs that are attached. A copy into an SR that is not waits for that.
     * What was half done left nothing behind but what the SR's recovery has cleared away.
     */
    void resume() {
        held.all().forEach(this::resume);
    }

    private void resume(HeldSr sr) {
        List<JobIntent> stillWaiting = new ArrayList<>();
        for (JobIntent intent : waiting.getOrDefault(sr.id(), List.of())) {
            JobIntent.Copy copy = intent.copy();
            if (copy == null || held.contains(copy.target())) {
                resume(sr, intent);
            } else {
                stillWaiting.add(intent);
                LOG.info(LogLine.of("job-waits", "job", intent.job(), "sr", sr.id(), "target", copy.target()));
            }
        }
        waiting.put(sr.id(), stillWaiting);
    }

    private void resume(HeldSr sr, JobIntent intent) {
        try {
            Job job = begin(sr, intent);
            if (job.id() != intent.job()) {
                sr.jobIntents().forget(intent.job());
            }
            LOG.info(LogLine.of("job-resumed", "job", job.id(), "kind", job.kind(), "sr", sr.id()));
        } catch (IOException | RuntimeException e) {
            setAside(sr, intent, e);
        }
    }

    private Job begin(HeldSr sr, JobIntent intent) {
        JobIntent.Copy copy = intent.copy();
        if (copy == null) {
            if (!intent.kind().equals("gc")) {
                throw new IllegalArgumentException("a job of kind \"" + intent.kind() + "\" cannot be begun again");
            }
            return sr.collectGarbage();
        }
        HeldSr target = held.get(copy.target());
        if (target.vdis().stream().noneMatch(vdi -> vdi.vdi().equals(copy.made()))) {
            return sr.copy(copy.vdi(), target, copy.name(), copy.made());
        }
        Job done = jobs.startDone(intent.kind(), sr.id(), "copied to VDI " + copy.made());
        began(sr.jobIntents(), new JobIntent(done.id(), intent.kind(), copy));
        return done;
    }

    private static void setAside(HeldSr sr, JobIntent intent, Exception reason) {
        LOG.log(Level.SEVERE, LogLine.of("job-not-resumed", "job", intent.job(), "kind", intent.kind()), reason);
        try {
            sr.jobIntents().setAside(intent.job(), reason);
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("job-not-set-aside", "job", intent.job()), e);
        }
    }
}
