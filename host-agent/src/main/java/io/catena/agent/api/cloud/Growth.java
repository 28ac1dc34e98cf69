package io.catena.agent.api.cloud;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How fast something grows: by the line that lies nearest to the points of the last week. */
final class Growth {
    static final Duration LOOKED_AT = Duration.ofDays(7);
    private static final Duration LEAST = Duration.ofHours(1);
    private static final double MILLIS_PER_DAY = 86_400_000;

    private Growth() {}

    /** How much there was at one time. */
    record Point(Instant time, long bytes) {}

    /** Returns bytes a day; null if the points, of which the last is the newest, span less than an hour. */
    static @Nullable Double perDay(List<Point> points) {
        if (points.isEmpty()) {
            return null;
        }
        Instant now = points.get(points.size() - 1).time;
        List<Point> recent = points.stream()
                .filter(point -> point.time.isAfter(now.minus(LOOKED_AT)))
                .toList();
        boolean isEnough = Duration.between(recent.get(0).time, now).compareTo(LEAST) >= 0;
        return isEnough ? slope(recent, now) : null;
    }

    /** Least squares. */
    private static double slope(List<Point> points, Instant now) {
        double meanX = points.stream().mapToDouble(p -> days(p, now)).average().orElse(0);
        double meanY = points.stream().mapToDouble(Point::bytes).average().orElse(0);
        double above = 0;
        double below = 0;
        for (Point point : points) {
            double x = days(point, now) - meanX;
            above += x * (point.bytes - meanY);
            below += x * x;
        }
        return below == 0 ? 0 : above / below;
    }

    private static double days(Point point, Instant now) {
        return -Duration.between(point.time, now).toMillis() / MILLIS_PER_DAY;
    }
}
