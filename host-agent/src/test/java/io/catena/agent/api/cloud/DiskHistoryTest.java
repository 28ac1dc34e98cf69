package io.catena.agent.api.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.json.Json;
import io.catena.api.VdiId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** How disks have grown is known for days, and takes little. */
class DiskHistoryTest {
    private static final VdiId STEADY = new VdiId(new UUID(1, 1));
    private static final VdiId GROWING = new VdiId(new UUID(1, 2));
    private static final VdiId NEW = new VdiId(new UUID(1, 3));
    private static final long PER_DAY = 288_000_000;
    private static final Instant START = Instant.ofEpochSecond(1_800_000_000);
    private static final Duration STEP = Duration.ofMinutes(5);

    private static DiskHistory history(int steps) {
        DiskHistory history = new DiskHistory();
        for (int i = 0; i < steps; i++) {
            Map<VdiId, Long> sizes = new TreeMap<>(Map.of(STEADY, 7L, GROWING, i * (PER_DAY / 288)));
            if (i >= steps - 3) {
                sizes.put(NEW, 1L << 30);
            }
            history.add(START.plus(STEP.multipliedBy(i)), new TreeMap<>(sizes));
        }
        return history;
    }

    @Test
    void tenDaysTakeNoMoreThanADay() {
        DiskHistory history = history(10 * 288);

        List<Growth.Point> points = history.of(GROWING);

        assertThat(history.rows()).isLessThanOrEqualTo(DiskHistory.MOST_ROWS);
        assertThat(Duration.between(
                        points.get(0).time(), points.get(points.size() - 1).time()))
                .isBetween(Duration.ofDays(5), Duration.ofDays(7));
        assertThat(Growth.perDay(points)).isBetween(PER_DAY * 0.999, PER_DAY * 1.001);
        assertThat(Growth.perDay(history.of(STEADY))).isZero();
    }

    @Test
    void nothingIsSaidOfADiskThatIsNew() {
        DiskHistory history = history(288);

        assertThat(history.of(NEW)).hasSize(3);
        assertThat(Growth.perDay(history.of(NEW))).isNull();
        assertThat(Growth.perDay(history.of(new VdiId(new UUID(9, 9))))).isNull();
    }

    @Test
    void whatIsReadIsWhatWasWritten() {
        DiskHistory history = history(100);

        DiskHistory read = DiskHistory.of(Json.read(Json.write(history.kept()), DiskHistory.Kept.class));

        for (VdiId vdi : List.of(STEADY, GROWING, NEW)) {
            assertThat(read.of(vdi)).isEqualTo(history.of(vdi));
        }
    }
}
