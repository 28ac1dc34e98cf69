package io.catena.agent.control.route;

import io.catena.agent.control.Call;
import io.catena.agent.control.JobWaiter;
import io.catena.agent.control.Route;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;

/** What can be asked about jobs. */
final class JobRoutes {
    /** A client that waits takes a thread of the server. */
    private static final int MAX_WAITING_CLIENTS = 16;

    private final StorageHost host;
    private final JobWaiter waiter;
    private final Semaphore waiting = new Semaphore(MAX_WAITING_CLIENTS);

    JobRoutes(StorageHost host, JobWaiter waiter) {
        this.host = host;
        this.waiter = waiter;
    }

    List<Route> all() {
        return List.of(
                Route.get("listJobs", "/v1/jobs", call -> host.jobs()),
                Route.get("getJob", "/v1/jobs/{job}", this::job),
                Route.post("pauseJob", "/v1/jobs/{job}/pause", call -> host.pause(call.number())),
                Route.post("resumeJob", "/v1/jobs/{job}/resume", call -> host.resume(call.number())),
                Route.post("cancelJob", "/v1/jobs/{job}/cancel", call -> host.cancel(call.number())));
    }

    /** Answers when the job has ended, or after ?waitMillis=N, whichever comes first. */
    private Job job(Call call) {
        Duration atMost = call.waiting();
        if (atMost.isZero()) {
            return host.job(call.number());
        }
        if (!waiting.tryAcquire()) {
            throw new SrException(SrError.TRY_AGAIN, MAX_WAITING_CLIENTS + " clients wait for jobs already");
        }
        try {
            return waiter.waitFor(call.number(), atMost);
        } finally {
            waiting.release();
        }
    }
}
