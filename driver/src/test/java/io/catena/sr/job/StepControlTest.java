package io.catena.sr.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.JobControl;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StepControlTest {
    private static final long MILLI = 1_000_000;

    private final List<Long> rests = new ArrayList<>();
    private long nanos;
    private long requests;
    private long flushUntil;
    private Optional<String> stop = Optional.empty();

    @Test
    void whileGuestsWorkItRestsNineTimesAsLongAsItWorks() {
        StepControl control = control(0, false);
        nanos += 10 * MILLI;
        requests++;
        control.done(2 << 20);
        control.giveWay();

        assertThat(rests).containsExactly(90 * MILLI);
    }

    @Test
    void withoutGuestsItDoesNotRest() {
        StepControl control = control(0, false);
        nanos += 10 * MILLI;
        control.done(2 << 20);
        control.giveWay();

        assertThat(rests).isEmpty();
    }

    @Test
    void guestsThatWorkedAMomentAgoAreSparedTheSame() {
        StepControl control = control(0, false);
        requests++;
        control.giveWay();
        nanos += 10 * MILLI;
        control.giveWay();

        assertThat(control.guestsWork()).isTrue();
        assertThat(rests).containsExactly(90 * MILLI);
    }

    @Test
    void guestsThatHaveNotWorkedForALongTimeAreNot() {
        StepControl control = control(0, false);
        requests++;
        control.giveWay();
        nanos += 1001 * MILLI;
        control.giveWay();

        assertThat(control.guestsWork()).isFalse();
        assertThat(rests).isEmpty();
    }

    @Test
    void piecesThatTakeLessThanAThreadCanRestAreCountedTogether() {
        StepControl control = control(0, false);
        for (int i = 0; i < 4; i++) {
            requests++;
            nanos += MILLI / 32;
            control.giveWay();
        }

        assertThat(rests).containsExactly(9 * MILLI / 8);
    }

    @Test
    void howeverLongAPieceTookItRestsForATenthOfASecond() {
        StepControl control = control(0, false);
        requests++;
        nanos += 5000 * MILLI;
        control.giveWay();

        assertThat(rests).containsExactly(100 * MILLI);
    }

    @Test
    void guestsThatWorkWhileAStepBeginsAreSparedItsFirstPiece() {
        StepControl control = control(0, false);
        requests++;

        assertThat(control.guestsWork()).isTrue();
    }

    @Test
    void noPieceBeginsWhileAGuestWaitsForAFlush() {
        StepControl control = control(0, false);
        requests++;
        nanos += MILLI;
        flushUntil = nanos + 20 * MILLI;
        control.giveWay();

        assertThat(nanos).isBetween(flushUntil, flushUntil + MILLI);
    }

    @Test
    void underFlushesWithoutEndAPieceBeginsEveryTenthOfASecond() {
        StepControl control = control(0, false);
        flushUntil = Long.MAX_VALUE;
        for (int i = 0; i < 10; i++) {
            requests++;
            nanos += MILLI;
            control.giveWay();
        }

        assertThat(nanos / MILLI).as("milliseconds for ten pieces").isBetween(1010L, 1030L);
    }

    @Test
    void whoIsToStopDoesNotWaitForAFlush() {
        StepControl control = control(0, false);
        requests++;
        flushUntil = Long.MAX_VALUE;
        stop = Optional.of("paused");

        assertThatThrownBy(control::giveWay).isInstanceOf(StepInterrupted.class).hasMessage("paused");
    }

    @Test
    void whatIsUrgentDoesNotWaitForGuests() {
        StepControl control = control(0, true);
        flushUntil = Long.MAX_VALUE;
        nanos += 10 * MILLI;
        requests++;
        control.done(2 << 20);
        control.giveWay();

        assertThat(rests).isEmpty();
        assertThat(control.guestsWork()).isFalse();
    }

    @Test
    void aRateLimitHoldsOverManyPieces() {
        StepControl control = control(10 << 20, false);
        for (int i = 0; i < 50; i++) {
            nanos += 5 * MILLI;
            control.done(1 << 20);
            control.giveWay();
        }

        assertThat(nanos / MILLI).as("milliseconds for 50 MiB at 10 MiB/s").isBetween(4900L, 5100L);
    }

    @Test
    void aStepStopsWhereItIsWhenItShall() {
        StepControl control = control(0, false);
        control.checkCancelled();
        stop = Optional.of("paused");

        assertThatThrownBy(control::checkCancelled)
                .isInstanceOf(StepInterrupted.class)
                .hasMessage("paused");
    }

    private StepControl control(long bytesPerSecond, boolean urgent) {
        RateLimit rate = new RateLimit(() -> bytesPerSecond, () -> nanos);
        return new StepControl(new Resting(), () -> stop, rate, new Working(), () -> nanos, urgent);
    }

    private final class Working implements StepControl.Guests {
        @Override
        public long requests() {
            return requests;
        }

        @Override
        public boolean flush() {
            return nanos < flushUntil;
        }
    }

    /** A job whose rests take no time but that of the test. */
    private final class Resting implements JobControl {
        @Override
        public void phase(String text) {}

        @Override
        public void addTotal(long bytes) {}

        @Override
        public void done(long bytes) {}

        @Override
        public void checkCancelled() {}

        @Override
        public void rest(long restNanos) {
            rests.add(restNanos);
            nanos += restNanos;
        }
    }
}
