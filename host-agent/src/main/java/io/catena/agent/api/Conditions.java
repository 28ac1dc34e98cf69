package io.catena.agent.api;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.RouteTable;
import io.catena.agent.json.Json;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * {@code If-Match}: a request is done only if nobody has changed the resource since the caller looked. Requests with a
 * condition on the same resource are done one after another; one that comes without, or over the Unix socket, is not held up.
 */
final class Conditions {
    private static final int STRIPES = 64;
    private static final int MOST_WAITING = 8;
    private static final long PATIENCE_MILLIS = 10_000;
    private static final int RETRY_SECONDS = 5;

    /** "", "v1", "vdis", and the resource. */
    private static final int PARTS_OF_A_RESOURCE = 4;

    private final List<ReentrantLock> locks =
            Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

    private final Semaphore waiting = new Semaphore(MOST_WAITING);
    private final long patienceMillis;

    Conditions() {
        this(PATIENCE_MILLIS);
    }

    Conditions(long patienceMillis) {
        this.patienceMillis = patienceMillis;
    }

    /**
     * Does something while no other request with a condition on the same resource is done.
     *
     * @throws ApiException if another one takes long, or too many wait
     */
    void alone(Exchange exchange, Runnable action) {
        alone(resource(exchange.path()), action);
    }

    void alone(String resource, Runnable action) {
        ReentrantLock lock = locks.get(Math.floorMod(resource.hashCode(), STRIPES));
        if (!lock.tryLock() && !await(lock)) {
            throw new ApiException(
                    503,
                    "TRY_AGAIN",
                    "Another request with a condition on " + resource + " is being done",
                    "Look at it again, and repeat the request with the new tag.",
                    RETRY_SECONDS);
        }
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    /** Who waits has a thread of the API, of which others need some. */
    private boolean await(ReentrantLock lock) {
        if (!waiting.tryAcquire()) {
            return false;
        }
        try {
            return lock.tryLock(patienceMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            waiting.release();
        }
    }

    void check(Exchange exchange, RouteTable table, String ifMatch) {
        String resource = resource(exchange.path());
        RouteTable.Match get = table.find("GET", resource)
                .orElseThrow(() -> new ApiException(
                        400, "BAD_REQUEST", "\"If-Match\" has no meaning for " + exchange.path(), null));
        Object state = get.route()
                .action()
                .answer(new Call(exchange.caller(), get.variables(), "", ByteBuffer.allocate(0), new Body("")));
        String tag = Revisions.tag(Json.writeForApi(state) + "\n");
        if (!Revisions.fits(ifMatch, tag)) {
            throw new ApiException(
                    412,
                    "PRECONDITION_FAILED",
                    resource + " was changed meanwhile; it has the tag " + tag,
                    "Look at it again: GET " + resource);
        }
    }

    private static String resource(String path) {
        String[] parts = path.split("/", PARTS_OF_A_RESOURCE + 1);
        return parts.length <= PARTS_OF_A_RESOURCE
                ? path
                : String.join("/", List.of(parts).subList(0, PARTS_OF_A_RESOURCE));
    }
}
