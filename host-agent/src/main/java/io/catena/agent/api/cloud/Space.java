package io.catena.agent.api.cloud;

import io.catena.agent.api.cloud.SpaceHistory.Sample;
import io.catena.api.SrId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an SR has grown.
 *
 * @param bytesPerDay how fast its file system fills, by the line that lies nearest to the samples of the last week; null if there
 *     is less than an hour of them
 * @param daysUntilFull null if it does not fill
 */
record Space(
        SrId sr,
        List<Sample> samples,
        @Nullable Long bytesPerDay,
        @Nullable Double daysUntilFull) {
    private static final Duration LOOKED_AT = Duration.ofDays(7);
    private static final Duration LEAST = Duration.ofHours(1);
    private static final double MILLIS_PER_DAY = 86_400_000;

    static Space of(SrId sr, List<Sample> samples, long capacityBytes) {
        Instant now = samples.get(samples.size() - 1).time();
        List<Sample> recent = samples.stream()
                .filter(sample -> sample.time().isAfter(now.minus(LOOKED_AT)))
                .toList();
        if (Duration.between(recent.get(0).time(), now).compareTo(LEAST) < 0) {
            return new Space(sr, samples, null, null);
        }
        double perDay = slope(recent, now);
        double free = capacityBytes - (double) recent.get(recent.size() - 1).usedBytes();
        return new Space(sr, samples, Math.round(perDay), perDay <= 0 ? null : Math.round(free / perDay * 10) / 10.0);
    }

    /** Least squares, in bytes a day. */
    private static double slope(List<Sample> samples, Instant now) {
        double meanX = samples.stream().mapToDouble(s -> days(s, now)).average().orElse(0);
        double meanY = samples.stream().mapToDouble(Sample::usedBytes).average().orElse(0);
        double above = 0;
        double below = 0;
        for (Sample sample : samples) {
            double x = days(sample, now) - meanX;
            above += x * (sample.usedBytes() - meanY);
            below += x * x;
        }
        return below == 0 ? 0 : above / below;
    }

    private static double days(Sample sample, Instant now) {
        return -Duration.between(sample.time(), now).toMillis() / MILLIS_PER_DAY;
    }
}
