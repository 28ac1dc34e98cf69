package io.catena.agent.api.cloud;

import io.catena.agent.api.cloud.Growth.Point;
import io.catena.api.DeletionGain;
import io.catena.api.GarbageControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrInventory;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a disk takes, how fast it grows, and what would come back without it or one of its snapshots.
 *
 * @param ownBytes what its own file takes
 * @param chainBytes what the nodes of its chain take, also those that it shares with others
 * @param bytesPerDay how fast its chain grows; null if there is less than an hour of samples
 * @param freesAtOnceBytes see {@link DeletionGain}
 * @param snapshots oldest first
 */
record DiskSpace(
        VdiId vdi,
        long ownBytes,
        long chainBytes,
        @Nullable Long bytesPerDay,
        List<Point> samples,
        long freesAtOnceBytes,
        long freesLaterBytes,
        List<Snapshot> snapshots) {

    /** One of its snapshots. */
    record Snapshot(
            VdiId vdi,
            String name,
            @Nullable Instant created,
            long ownBytes,
            long freesAtOnceBytes,
            long freesLaterBytes) {}

    static DiskSpace of(SrInventory inventory, GarbageControl garbage, Vdi vdi, List<Point> samples) {
        DeletionGain gain = garbage.gain(vdi.vdi());
        Double perDay = Growth.perDay(samples);
        List<Snapshot> snapshots = inventory.vdis().stream()
                .filter(other -> vdi.vdi().equals(other.snapshotOf()))
                .sorted(Comparator.comparing(Vdi::created, Comparator.nullsFirst(Comparator.naturalOrder())))
                .flatMap(snapshot -> snapshot(garbage, snapshot).stream())
                .toList();
        return new DiskSpace(
                vdi.vdi(),
                vdi.physicalBytes(),
                samples.get(samples.size() - 1).bytes(),
                perDay == null ? null : Math.round(perDay),
                samples,
                gain.atOnceBytes(),
                gain.laterBytes(),
                snapshots);
    }

    /** Returns nothing of a snapshot that was deleted since it was listed. */
    private static Optional<Snapshot> snapshot(GarbageControl garbage, Vdi vdi) {
        try {
            DeletionGain gain = garbage.gain(vdi.vdi());
            return Optional.of(new Snapshot(
                    vdi.vdi(), vdi.name(), vdi.created(), vdi.physicalBytes(), gain.atOnceBytes(), gain.laterBytes()));
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
