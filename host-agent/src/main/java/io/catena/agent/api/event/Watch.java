package io.catena.agent.api.event;

import io.catena.api.Job;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.log.LogLine;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * Looks now and then at what nobody tells: how jobs get on, and how SRs do. For one thread; {@link #look} never throws.
 */
final class Watch {
    private static final Logger LOG = Logger.getLogger(Watch.class.getName());

    /** To look at the health of an SR takes longer than to look at the jobs. */
    private static final int LOOKS_PER_HEALTH = 10;

    private final StorageHost host;
    private final EventSink events;
    private final Map<Long, Job> jobs = new HashMap<>();
    private final Map<SrId, SrHealth> healths = new HashMap<>();
    private final Map<SrId, String> problems = new HashMap<>();
    private int looks;

    /**
     * @param host the real one
     */
    Watch(StorageHost host, EventSink events) {
        this.host = host;
        this.events = events;
        for (Job job : host.jobs()) {
            jobs.put(job.id(), job);
        }
    }

    void look() {
        try {
            lookAtJobs(host.jobs());
            host.srs().forEach(this::lookAtProblem);
            if (looks++ % LOOKS_PER_HEALTH == 0) {
                host.srs().stream()
                        .filter(sr -> sr.attached() && sr.problem() == null)
                        .forEach(this::lookAtHealth);
            }
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("watch-failed"), e);
        }
    }

    private void lookAtJobs(List<Job> now) {
        for (Job job : now) {
            Job before = jobs.put(job.id(), job);
            if (before == null) {
                tell("job.started", job);
            }
            if (job.state().ended() && (before == null || !before.state().ended())) {
                tell("job." + job.state().name().toLowerCase(Locale.ROOT), job);
            } else if (before != null && !before.equals(job)) {
                tell(before.phase().equals(job.phase()) ? "job.progress" : "job.step", job);
            }
        }
        jobs.keySet().retainAll(now.stream().map(Job::id).collect(Collectors.toSet()));
    }

    private void tell(String kind, Job job) {
        Job.Failure failure = job.failure();
        Map<String, String> data = new HashMap<>();
        data.put("kind", job.kind());
        data.put("phase", job.state() == Job.State.DONE ? "done" : job.phase());
        data.put("doneBytes", Long.toString(job.doneBytes()));
        data.put("totalBytes", Long.toString(job.totalBytes()));
        if (failure != null) {
            data.put("failure", failure.message());
        }
        events.happened(kind, job.sr(), null, job.id(), data);
    }

    private void lookAtProblem(Sr sr) {
        String problem = Objects.requireNonNullElse(sr.problem(), "");
        String before = problems.put(sr.id(), problem);
        if (!problem.equals(Objects.requireNonNullElse(before, ""))) {
            events.toSr(problem.isEmpty() ? "sr.problem.ended" : "sr.problem", sr.id(), Map.of("problem", problem));
        }
    }

    private void lookAtHealth(Sr sr) {
        try {
            SrStat stat = host.repository(sr.id()).stat();
            SrHealth health = stat.health();
            SrHealth before = healths.put(sr.id(), health);
            if (before != null && !before.equals(health)) {
                String reasons =
                        health.reasons().stream().map(SrHealth.Reason::what).collect(Collectors.joining(" "));
                String state = health.state().name().toLowerCase(Locale.ROOT);
                events.toSr("health.changed", sr.id(), Map.of("state", state, "reasons", reasons));
            }
        } catch (SrException e) {
            LOG.log(Level.FINE, "an SR that was detached meanwhile", e);
        }
    }
}
