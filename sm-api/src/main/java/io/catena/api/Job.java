package io.catena.api;

import io.catena.remedy.Advice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Long work, as it stands at one moment.
 *
 * @param kind what it does: "gc"
 * @param phase what it does just now, for humans
 * @param doneBytes how much of {@code totalBytes} is done
 * @param totalBytes how much there is to do, as far as is known now; may grow
 * @param bytesPerSecond mean rate since the start
 * @param result what came of it, for humans; empty before it ended
 * @param failure why it failed
 */
public record Job(
        long id,
        String kind,
        SrId sr,
        State state,
        String phase,
        long doneBytes,
        long totalBytes,
        long bytesPerSecond,
        Instant started,
        @Nullable Instant ended,
        String result,
        @Nullable Failure failure) {

    /** Where it stands. */
    public enum State {
        RUNNING,
        DONE,
        FAILED,
        CANCELLED;

        /** Whether nothing more will happen. */
        public boolean ended() {
            return this != RUNNING;
        }
    }

    /** Why a job failed. */
    public record Failure(
            SrError error, String message, @Nullable Advice correction) {}
}
