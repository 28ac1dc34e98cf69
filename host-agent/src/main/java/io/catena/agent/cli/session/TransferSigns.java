package io.catena.agent.cli.session;

import io.catena.agent.cli.text.Size;

/** Shows on a terminal how far a transfer got. */
final class TransferSigns {
    private static final long NANOS_BETWEEN_SIGNS = 200_000_000;

    private final Session session;
    private long lastSignNanos;

    TransferSigns(Session session) {
        this.session = session;
    }

    void show(long done, long of) {
        long now = System.nanoTime();
        if (session.terminal() && (now - lastSignNanos > NANOS_BETWEEN_SIGNS || done == of)) {
            lastSignNanos = now;
            session.err().print("\r" + Size.format(done) + " of " + Size.format(of) + (done == of ? "\n" : "  "));
            session.err().flush();
        }
    }
}
