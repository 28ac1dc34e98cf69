package io.catena.agent.smapiv1.gc;

import io.catena.agent.smapiv1.xenapi.TaskTable;
import io.catena.agent.smapiv1.xenapi.XenApi;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.state.Ticker;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells XAPI of garbage collection, which no call of XAPI's asks for: by a task while a run of more than a second goes on, as
 * XenServer's collector does, and by the rows of disks and base copies as they are afterwards. That goes for the SRs that XAPI has attached or scanned since
 * this agent was started.
 *
 * <p><b>Threads.</b> Safe for use by many threads; a thread of its own looks.
 */
public final class GcTasks implements Closeable {
    private static final Logger LOG = Logger.getLogger(GcTasks.class.getName());
    private static final Duration REST = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String KIND = "gc";

    private final StorageHost host;
    private final Rows rows;
    private final Map<SrId, Watched> watched = new ConcurrentHashMap<>();
    private final Ticker ticker = new Ticker("smapiv1-gc");

    /** Makes the rows of an SR those of its disks. */
    @FunctionalInterface
    public interface Rows {
        /**
         * Writes the rows.
         *
         * @param srRef XAPI's reference of the SR
         */
        void tell(SrId sr, String srRef, XenApi xapi);
    }

    public GcTasks(StorageHost host, Rows rows) {
        this.host = host;
        this.rows = rows;
        ticker.every(REST, this::look);
    }

    /**
     * Tells XAPI of an SR from now on; does nothing if that is so.
     *
     * @param xapi XAPI's socket
     */
    public void watch(SrId sr, String srRef, Path xapi) {
        watched.computeIfAbsent(
                sr, id -> new Watched(id, srRef, xapi, newest(id).map(Job::id).orElse(0L)));
    }

    /** Tells XAPI of an SR no more. */
    public void forget(SrId sr) {
        watched.remove(sr);
    }

    private void look() {
        watched.values()
                .forEach(one -> newest(one.sr).ifPresent(job -> {
                    try {
                        one.look(job);
                    } catch (XenApiException e) {
                        LOG.log(Level.WARNING, LogLine.of("smapiv1-gc-not-told", "sr", one.sr, "job", job.id()), e);
                        one.giveUp(job);
                    }
                }));
    }

    private Optional<Job> newest(SrId sr) {
        return host.jobs().stream()
                .filter(job -> job.kind().equals(KIND) && job.sr().equals(sr))
                .max(Comparator.comparingLong(Job::id));
    }

    @Override
    public void close() {
        ticker.close();
    }

    /** An SR, and what was told of it. For one thread. */
    private final class Watched {
        private final SrId sr;
        private final String srRef;
        private final Path socket;

        /** Of this run, and those before it, XAPI knows the end. */
        private long told;

        /** A run that went on at the last look; one that is shorter than that is no task. */
        private long seen;

        private String task = "";
        private double progress;

        Watched(SrId sr, String srRef, Path socket, long told) {
            this.sr = sr;
            this.srRef = srRef;
            this.socket = socket;
            this.told = told;
        }

        void look(Job job) {
            if (job.id() <= told) {
                return;
            }
            double now = progress(job);
            boolean ended = job.state().ended();
            boolean news = task.isEmpty() ? job.id() == seen : now - progress >= 0.01;
            seen = job.id();
            if (ended || news) {
                tell(job, now);
            }
        }

        private void tell(Job job, double now) {
            XenApi xapi = XenApi.login(socket, PATIENCE);
            try {
                TaskTable tasks = new TaskTable(xapi);
                if (task.isEmpty() && !job.state().ended()) {
                    task = tasks.create("Garbage Collection", "Garbage collection for SR " + sr, srRef);
                }
                if (!task.isEmpty()) {
                    tasks.setProgress(task, now);
                    progress = now;
                }
                if (job.state().ended()) {
                    end(job, tasks);
                    rows.tell(sr, srRef, xapi);
                }
            } finally {
                xapi.logout();
            }
        }

        private void end(Job job, TaskTable tasks) {
            String ending = task;
            giveUp(job);
            if (!ending.isEmpty()) {
                tasks.end(ending, status(job));
            }
        }

        void giveUp(Job job) {
            told = job.id();
            task = "";
            progress = 0;
        }
    }

    /** Parts of a run may be done before it is known how much there is to do. */
    private static double progress(Job job) {
        if (job.state().ended()) {
            return 1;
        }
        return job.totalBytes() == 0 ? 0 : Math.min(0.99, (double) job.doneBytes() / job.totalBytes());
    }

    private static String status(Job job) {
        return switch (job.state()) {
            case DONE -> "success";
            case CANCELLED -> "cancelled";
            case FAILED, RUNNING -> "failure";
        };
    }
}
