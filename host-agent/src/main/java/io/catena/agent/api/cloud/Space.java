package io.catena.agent.api.cloud;

import io.catena.agent.api.cloud.Growth.Point;
import io.catena.agent.api.cloud.SpaceHistory.Sample;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How an SR has grown.
 *
 * @param bytesPerDay how fast its file system fills; null if there is less than an hour of samples
 * @param daysUntilFull null if it does not fill
 * @param growing the disks whose chains grow most
 */
record Space(
        SrId sr,
        List<Sample> samples,
        @Nullable Long bytesPerDay,
        @Nullable Double daysUntilFull,
        List<Grower> growing) {

    /**
     * A disk that grows.
     *
     * @param chainBytes what the nodes of its chain take, also those that it shares with others
     */
    record Grower(VdiId vdi, String name, long chainBytes, long bytesPerDay) {}

    static Space of(SrId sr, List<Sample> samples, long capacityBytes, List<Grower> growing) {
        Double perDay = Growth.perDay(samples.stream()
                .map(sample -> new Point(sample.time(), sample.usedBytes()))
                .toList());
        if (perDay == null) {
            return new Space(sr, samples, null, null, growing);
        }
        double free = capacityBytes - (double) samples.get(samples.size() - 1).usedBytes();
        Double days = perDay <= 0 ? null : Math.round(free / perDay * 10) / 10.0;
        return new Space(sr, samples, Math.round(perDay), days, growing);
    }

    /** Returns this with so many samples at most, the last among them. */
    Space with(int most) {
        int count = Math.min(most, samples.size());
        List<Sample> some = IntStream.rangeClosed(1, count)
                .mapToObj(i -> samples.get((int) ((long) i * samples.size() / count) - 1))
                .toList();
        return new Space(sr, some, bytesPerDay, daysUntilFull, growing);
    }
}
