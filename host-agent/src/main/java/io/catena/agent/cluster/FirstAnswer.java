package io.catena.agent.cluster;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.lease.BootClock;
import java.io.IOException;
import java.time.Duration;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Waits for the first answer of another agent, which may have begun just now, or have much to do.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class FirstAnswer {
    private static final long PAUSE_NANOS = 500_000_000;

    private final BootClock clock;
    private final Duration patience;

    /**
     * @param patience after this nothing is asked any more
     */
    FirstAnswer(BootClock clock, Duration patience) {
        this.clock = clock;
        this.patience = patience;
    }

    /** What is asked; waits for its answer as long as that may take. */
    @FunctionalInterface
    public interface Question<T> {
        T ask() throws IOException;
    }

    /**
     * Asks until there is an answer, or one that will not change by itself.
     *
     * @throws SrException what was answered last, and how long that was waited for
     */
    <T> T of(Question<T> question) throws IOException {
        long began = clock.nanos();
        while (true) {
            try {
                return question.ask();
            } catch (SrException e) {
                Duration waited = Duration.ofNanos(clock.nanos() - began);
                if (e.error() != SrError.TRY_AGAIN || isOfCertificates(e)) {
                    throw e;
                }
                if (waited.compareTo(patience) >= 0) {
                    throw late(e, waited);
                }
            }
            clock.sleep(PAUSE_NANOS);
        }
    }

    private static boolean isOfCertificates(SrException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLHandshakeException || cause instanceof SSLPeerUnverifiedException) {
                return true;
            }
        }
        return false;
    }

    private static SrException late(SrException last, Duration waited) {
        SrException failure = new SrException(
                last.error(),
                last.detail() + "; this host has waited " + waited.toSeconds()
                        + " s for an answer, in order to follow it",
                last);
        return last.advice() == null ? failure : failure.correction(last.advice());
    }
}
