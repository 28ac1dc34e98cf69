package io.catena.agent.nbd;

import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.disk.RequestMeter;
import io.catena.disk.RequestMeter.Operation;
import io.catena.disk.RequestMeter.Outcome;

/** Tells a meter how long a request took. For one thread at a time. */
final class Stopwatch {
    private final RequestMeter meter;
    private final Request request;
    private final long arrivedNanos;
    private long startedNanos;

    /**
     * @param arrivedNanos when the request had arrived, by {@link System#nanoTime}
     */
    Stopwatch(RequestMeter meter, Request request, long arrivedNanos) {
        this.meter = meter;
        this.request = request;
        this.arrivedNanos = arrivedNanos;
        this.startedNanos = arrivedNanos;
    }

    /** The server turns to the request. */
    void start() {
        startedNanos = System.nanoTime();
    }

    /** The answer to a request that was found valid is known. */
    void stop(NbdErrno answer) {
        stop(
                switch (answer) {
                    case OK -> Outcome.DONE;
                    case ENOTSUP -> Outcome.REFUSED;
                    default -> Outcome.FAILED;
                });
    }

    void stop(Outcome outcome) {
        long now = System.nanoTime();
        meter.answered(operation(), outcome, request.lengthBytes(), startedNanos - arrivedNanos, now - startedNanos);
    }

    private Operation operation() {
        return switch (request.command()) {
            case READ -> Operation.READ;
            case WRITE -> Operation.WRITE;
            case FLUSH -> Operation.FLUSH;
            case TRIM -> Operation.DISCARD;
            case WRITE_ZEROES -> Operation.WRITE_ZEROES;
            case CACHE, BLOCK_STATUS, DISCONNECT, UNKNOWN -> Operation.OTHER;
        };
    }
}
