package io.catena.sr.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.GcSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GcTriggerTest {
    private static final Instant NOON = Instant.parse("2026-01-05T12:00:00Z");
    private static final GcSettings ONLY_CHANGES = new GcSettings(true, true, true, false, 1, 0, 0, 0, null);

    private final GcTrigger trigger = new GcTrigger(NOON.minus(Duration.ofHours(1)));

    GcTriggerTest() {
        trigger.begun();
    }

    @Test
    void aDeleteIsFollowedByARunWhenItHasBeenQuiet() {
        trigger.changed(NOON);
        trigger.changed(NOON.plusSeconds(30));

        assertThat(due()).contains(NOON.plusSeconds(30).plus(GcTrigger.QUIET));
    }

    @Test
    void aBackupThatDeletesAllTheTimeDoesNotPutItOffForEver() {
        for (int second = 0; second < 3600; second += 20) {
            trigger.changed(NOON.plusSeconds(second));
        }

        assertThat(due()).contains(NOON.plus(GcTrigger.MOST_WAIT));
    }

    @Test
    void aBusyScheduleDoesNotMakeItThrash() {
        int runs = 0;
        for (int second = 0; second < 3600; second += 10) {
            Instant now = NOON.plusSeconds(second);
            trigger.changed(now);
            if (due().filter(due -> !due.isAfter(now)).isPresent()) {
                trigger.begun();
                trigger.ended(now);
                runs++;
            }
        }

        assertThat(runs).as("runs in an hour with a delete every ten seconds").isBetween(4, 6);
    }

    @Test
    void aChainNearItsLimitDoesNotWaitForQuiet() {
        trigger.changed(NOON);
        trigger.deepened(NOON);

        assertThat(due()).contains(NOON.plus(GcTrigger.URGENT));
    }

    @Test
    void itLooksForWorkNowAndThen() {
        trigger.ended(NOON);
        GcSettings hourly = new GcSettings(true, true, true, false, 1, 0, 0, 60, null);

        assertThat(trigger.due(hourly, Optional.empty())).contains(NOON.plus(Duration.ofHours(1)));
        assertThat(trigger.due(ONLY_CHANGES, Optional.empty())).isEmpty();
    }

    @Test
    void outsideOfItsWindowItWaitsForItToOpen() {
        trigger.changed(NOON);
        GcSettings nightly = new GcSettings(true, true, true, false, 1, 0, 0, 0, "22:00-06:00");

        assertThat(trigger.due(nightly, Optional.empty())).contains(Instant.parse("2026-01-05T22:00:00Z"));
        trigger.changed(Instant.parse("2026-01-05T23:00:00Z"));
        trigger.begun();
        trigger.changed(Instant.parse("2026-01-06T03:00:00Z"));
        assertThat(trigger.due(nightly, Optional.empty()))
                .as("a window goes on after midnight")
                .contains(Instant.parse("2026-01-06T03:01:00Z"));
    }

    @Test
    void switchedOffOrPausedItNeverRunsByItself() {
        trigger.deepened(NOON);

        assertThat(trigger.due(ONLY_CHANGES.withPaused(true), Optional.of(NOON)))
                .isEmpty();
        assertThat(trigger.due(new GcSettings(false, true, true, false, 1, 0, 0, 60, null), Optional.of(NOON)))
                .isEmpty();
    }

    private Optional<Instant> due() {
        return trigger.due(ONLY_CHANGES, Optional.empty());
    }
}
