package io.catena.harness.api;

import io.catena.agent.trace.AnswerTrace;
import io.catena.agent.trace.SentAnswer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sees all that the agents of this JVM answer. It is looked at when a class of tests has ended, so that nobody waits for it
 * meanwhile, unless there is so much that it would fill the memory. The agents find it as a service.
 */
public final class AnswerWitness implements AnswerTrace {
    private static final int MOST_WAITING_BYTES = 16 << 20;

    /** What an answer takes beside its body, about. */
    private static final int BYTES_OF_ONE = 400;

    private static final int MOST_FAULTS = 20;
    private static final int MOST_SHOWN = 2000;

    private static final Queue<SentAnswer> WAITING = new ConcurrentLinkedQueue<>();
    private static final AtomicLong WAITING_BYTES = new AtomicLong();
    private static final AtomicInteger SEEN = new AtomicInteger();

    /** By operation and status. Guarded by itself. */
    private static final Map<String, String> FAULTS = new LinkedHashMap<>();

    @Override
    public void sent(SentAnswer answer) {
        see(answer);
    }

    /** Of a body that is not whole nothing is compared. */
    static void see(SentAnswer answer) {
        SentAnswer kept = answer.whole() ? answer : headOf(answer);
        WAITING.add(kept);
        SEEN.incrementAndGet();
        if (WAITING_BYTES.addAndGet(bytes(kept)) > MOST_WAITING_BYTES) {
            checkOne();
        }
    }

    private static SentAnswer headOf(SentAnswer answer) {
        return new SentAnswer(
                answer.face(), answer.method(), answer.path(), answer.status(), answer.contentType(), "", false);
    }

    private static int bytes(SentAnswer answer) {
        return BYTES_OF_ONE + answer.body().length();
    }

    /** Returns how many answers there were. */
    static int seen() {
        return SEEN.get();
    }

    /** Returns what was wrong with the answers since the last call: once of each operation and status. */
    static List<String> faults() {
        while (checkOne()) {
            // the next one
        }
        synchronized (FAULTS) {
            List<String> faults = List.copyOf(FAULTS.values());
            FAULTS.clear();
            return faults;
        }
    }

    private static boolean checkOne() {
        SentAnswer answer = WAITING.poll();
        if (answer == null) {
            return false;
        }
        WAITING_BYTES.addAndGet(-bytes(answer));
        List<String> found = check().faults(answer);
        if (!found.isEmpty()) {
            String body = answer.body()
                    .substring(0, Math.min(MOST_SHOWN, answer.body().length()));
            add(answer, found + " in " + body);
        }
        return true;
    }

    private static void add(SentAnswer answer, String fault) {
        String what = answer.method() + " " + answer.path() + " over " + answer.face() + ": " + answer.status();
        synchronized (FAULTS) {
            if (FAULTS.size() < MOST_FAULTS) {
                FAULTS.putIfAbsent(what, what + " " + fault);
            }
        }
    }

    private static AnswerCheck check() {
        try {
            return new AnswerCheck(Contract.ours());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
