package io.catena.agent.control;

import io.catena.log.LogLine;
import java.time.Duration;
import java.util.List;
import java.util.logging.Logger;

/** Logs calls that take long, with where their time went. Safe for use by many threads. */
public final class SlowCalls {
    static final Duration LIMIT = Duration.ofSeconds(1);

    private static final Logger LOG = Logger.getLogger(SlowCalls.class.getName());

    private SlowCalls() {}

    /**
     * Logs a call if it was slow.
     *
     * @param of what the call was about: an SR, a disk
     * @param readNanos until its request had come
     * @param workNanos from then until its answer was ready, or it had failed
     */
    public static void log(Route route, List<String> of, long readNanos, long workNanos) {
        if (readNanos + workNanos >= LIMIT.toNanos()) {
            LOG.info(LogLine.of(
                    "slow-call",
                    "call",
                    route.operationId(),
                    "of",
                    String.join(",", of),
                    "read-ms",
                    Duration.ofNanos(readNanos).toMillis(),
                    "work-ms",
                    Duration.ofNanos(workNanos).toMillis()));
        }
    }
}
