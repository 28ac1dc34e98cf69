package io.catena.agent.api;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.api.problem.Reply;
import io.catena.agent.api.replay.Replays;
import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Query;
import io.catena.agent.control.Route;
import io.catena.agent.control.RouteTable;
import io.catena.agent.control.SlowCalls;
import io.catena.agent.control.Streamed;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.Uuids;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes the answer of a request that has its route, its caller and its body: with conditions, pages, replays, and waits for
 * jobs.
 */
final class Answers {
    private static final int MOST_WAIT_SECONDS = 60;

    /** When to come again if too many wait. */
    private static final String CROWDED_SECONDS = "5";

    /** What is answered as {@code GET} answers it: from {@code path}, with what {@code field} says. */
    private record Whole(String path, String field) {}

    private static final Whole DISK = new Whole("/v1/vdis/", "vdi");
    private static final Whole SCHEDULE = new Whole("/v1/schedules/", "id");

    /** The operations that answer with all of what they made or changed. */
    private static final Map<String, Whole> WHOLE = Map.of(
            "createVdi", DISK,
            "putVdiByClientName", DISK,
            "cloneVdi", DISK,
            "importVdi", DISK,
            "patchVdi", DISK,
            "createSchedule", SCHEDULE,
            "patchSchedule", SCHEDULE,
            "pauseSchedule", SCHEDULE,
            "resumeSchedule", SCHEDULE);

    private final StorageHost host;
    private final JobWaits waits;
    private final Replays replays;
    private final Conditions conditions = new Conditions();

    /** Where an answer goes. Exactly one of the three is called, once, on any thread. */
    interface End {
        void reply(Reply reply);

        void stream(Streamed streamed);

        void failed(Throwable failure);
    }

    /**
     * @param host to look at jobs that were waited for
     */
    Answers(StorageHost host, JobWaits waits, Replays replays) {
        this.host = host;
        this.waits = waits;
        this.replays = replays;
    }

    /** Answers now or later. Whatever it throws, {@code end} was not called. */
    void answer(Exchange exchange, RouteTable table, byte[] body, End end) {
        String key = exchange.header("Idempotency-Key");
        if (key == null || !exchange.method().equals("POST")) {
            perform(exchange, table, body, end);
            return;
        }
        Replays.Request request = new Replays.Request(
                exchange.caller().name(), key, exchange.operation(), exchange.path() + "?" + exchange.query(), body);
        Replays.Turn turn = replays.begin(request);
        if (turn.kept() != null) {
            end.reply(replayed(turn.kept()));
            return;
        }
        try {
            perform(exchange, table, turn.body(), new KeptEnd(end, turn));
        } catch (RuntimeException | StackOverflowError e) {
            turn.giveUp();
            throw e;
        }
    }

    private static Reply replayed(Replays.Kept kept) {
        Reply reply =
                new Reply(kept.status(), kept.contentType(), kept.text(), kept.headers(), kept.code(), kept.job());
        return reply.with("Idempotency-Replayed", "true");
    }

    /** Keeps the answer before it is sent. What can be tried again later is not kept. */
    private record KeptEnd(End end, Replays.Turn turn) implements End {
        @Override
        public void reply(Reply reply) {
            try {
                turn.keep(new Replays.Kept(
                        reply.status(), reply.contentType(), reply.text(), reply.headers(), reply.code(), reply.job()));
            } catch (SrException e) {
                end.failed(e);
                return;
            }
            end.reply(reply);
        }

        @Override
        public void stream(Streamed streamed) {
            turn.giveUp();
            end.stream(streamed);
        }

        @Override
        public void failed(Throwable failure) {
            turn.giveUp();
            end.failed(failure);
        }
    }

    private void perform(Exchange exchange, RouteTable table, byte[] body, End end) {
        String ifMatch = exchange.header("If-Match");
        if (ifMatch == null || exchange.isSafe()) {
            perform(exchange, body, end);
            return;
        }
        conditions.alone(exchange, () -> {
            conditions.check(exchange, table, ifMatch);
            perform(exchange, body, end);
        });
    }

    private void perform(Exchange exchange, byte[] body, End end) {
        Object value = value(exchange, body);
        if (value instanceof Streamed streamed) {
            end.stream(streamed);
        } else if (value instanceof PlainText text) {
            end.reply(Reply.text(text.contentType(), text.text()));
        } else if (value instanceof Job job) {
            answer(exchange, job, end);
        } else if (value instanceof List<?> list) {
            end.reply(listed(exchange, list));
        } else {
            boolean onlyAsked = new Query(exchange.query()).flag("dryRun");
            int status = onlyAsked ? 200 : exchange.match().route().status();
            Reply reply = tagged(exchange, Reply.json(status, value));
            end.reply(onlyAsked ? reply : changed(exchange, reply));
        }
    }

    /** What a call waits for after it has returned, the end of a job, is not what makes it slow. */
    private static Object value(Exchange exchange, byte[] body) {
        Route route = exchange.match().route();
        Call call = call(exchange, body);
        long readNanos = exchange.elapsedNanos();
        try {
            return route.action().answer(call);
        } finally {
            if (!route.takesUpload()) {
                SlowCalls.log(route, call.variables(), readNanos, exchange.elapsedNanos() - readNanos);
            }
        }
    }

    private static Reply listed(Exchange exchange, List<?> list) {
        int status = exchange.match().route().status();
        if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
            return Reply.json(status, Map.of("items", list));
        }
        int most = exchange.operation().equals("listNodes") ? Pages.MOST_NODES : Pages.MOST_LIMIT;
        String page = Pages.page(exchange.operation(), list, new Query(exchange.query()), most) + "\n";
        return tagged(exchange, Reply.text(Reply.JSON, page), Revisions.tagOfList(page));
    }

    static Call call(Exchange exchange, byte[] body) {
        if (exchange.match().route().takesUpload()) {
            return Call.uploading(
                    exchange.caller(),
                    exchange.match().variables(),
                    exchange.query(),
                    exchange::header,
                    exchange.upload());
        }
        String text = new String(body, StandardCharsets.UTF_8);
        return new Call(
                exchange.caller(),
                exchange.match().variables(),
                exchange.query(),
                ByteBuffer.wrap(body),
                new Body(text),
                exchange::header,
                null);
    }

    /** Who makes or changes something gets its tag, and where it is, without asking for it. */
    private static Reply changed(Exchange exchange, Reply reply) {
        Whole whole = WHOLE.get(exchange.operation());
        if (whole == null) {
            return reply;
        }
        Reply tagged = reply.with("ETag", Revisions.tag(reply.text()));
        return reply.status() == 201
                ? tagged.with(
                        "Location",
                        whole.path() + reply.object().get(whole.field()).getAsString())
                : tagged;
    }

    private static Reply tagged(Exchange exchange, Reply reply) {
        return exchange.isSafe() && reply.status() == 200
                ? tagged(exchange, reply, Revisions.tag(reply.text()))
                : reply;
    }

    private static Reply tagged(Exchange exchange, Reply reply, String tag) {
        if (Revisions.isSame(exchange.header("If-None-Match"), tag)) {
            return Reply.empty(304).with("ETag", tag);
        }
        return reply.with("ETag", tag);
    }

    /** A job is told when it has ended, or when the caller does not want to wait any longer. */
    private void answer(Exchange exchange, Job job, End end) {
        Duration patience = patience(exchange);
        if (job.state().ended() || patience.isZero()) {
            end.reply(reply(exchange, job));
            return;
        }
        if (!waits.await(job.id(), patience, () -> finish(exchange, job, end))) {
            end.reply(reply(exchange, job).with("Retry-After", CROWDED_SECONDS));
        }
    }

    private void finish(Exchange exchange, Job job, End end) {
        Reply reply;
        try {
            reply = reply(exchange, host.job(job.id()));
        } catch (RuntimeException e) {
            end.failed(e);
            return;
        }
        end.reply(reply);
    }

    private static Reply reply(Exchange exchange, Job job) {
        boolean begun = exchange.match().route().status() == 202;
        int status = begun && !job.state().ended() ? 202 : 200;
        Reply reply = Reply.json(status, job).ofJob(job.id());
        return begun ? reply.with("Location", "/v1/jobs/" + job.id()) : tagged(exchange, reply);
    }

    /** {@code Prefer: wait=SECONDS} (RFC 7240), or {@code ?wait=SECONDS}. */
    private static Duration patience(Exchange exchange) {
        String prefer = exchange.header("Prefer");
        Optional<Long> asked = new Query(exchange.query()).number("wait", 0, MOST_WAIT_SECONDS);
        return Duration.ofSeconds(asked.orElse(preferred(prefer)));
    }

    /** What is not understood is no preference: the RFC wants it so. */
    private static long preferred(@Nullable String prefer) {
        if (prefer == null) {
            return 0;
        }
        for (String part : prefer.split("[,;]", -1)) {
            String preference = part.strip();
            if (preference.startsWith("wait=")) {
                String digits = preference.substring("wait=".length());
                if (!digits.isEmpty() && digits.length() < 9 && digits.chars().allMatch(Character::isDigit)) {
                    return Math.min(Long.parseLong(digits), MOST_WAIT_SECONDS);
                }
            }
        }
        return 0;
    }

    /** To delete what is not there is a success: who got no answer may ask again. Only an id tells that it is the same. */
    Optional<Reply> gone(Exchange exchange, SrException failure) {
        boolean missing = failure.error() == SrError.VDI_MISSING;
        if (missing
                && exchange.method().equals("DELETE")
                && Uuids.isUuid(exchange.match().variables().get(0))) {
            return Optional.of(Reply.empty(204));
        }
        return Optional.empty();
    }

    static ApiException refusal(Replays.Refusal refusal) {
        return new ApiException(
                refusal.status(),
                refusal.code(),
                String.valueOf(refusal.getMessage()),
                refusal.correction(),
                refusal.retryAfterSeconds());
    }
}
