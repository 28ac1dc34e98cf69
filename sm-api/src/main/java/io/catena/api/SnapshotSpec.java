package io.catena.api;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;

/**
 * A snapshot that is to be taken under an id that the caller chose, so that it can find out later whether it was.
 *
 * @param of the disk
 * @param snapshot the snapshot's id
 * @param name the snapshot's name; empty for the disk's own
 * @param keys what the snapshot has as keys from its beginning
 * @param distinct whether a number is added to the name if a disk of the SR has it already, or another snapshot of this
 *     instant: nobody chose it, and a name of two disks calls neither
 */
public record SnapshotSpec(VdiId of, VdiId snapshot, String name, Map<String, String> keys, boolean distinct) {
    public SnapshotSpec {
        Objects.requireNonNull(of, "of");
        Objects.requireNonNull(snapshot, "snapshot");
        keys = Map.copyOf(keys);
    }

    public SnapshotSpec(VdiId of, VdiId snapshot, String name, Map<String, String> keys) {
        this(of, snapshot, name, keys, false);
    }

    /**
     * Returns a snapshot that was given no name.
     *
     * @param what of what it is, as people call that; with the time it makes the name, for instance "disk 2026-03-01T12:00:00Z"
     */
    public static SnapshotSpec unnamed(VdiId of, VdiId snapshot, String what, Instant now) {
        return new SnapshotSpec(of, snapshot, what + " " + now.truncatedTo(ChronoUnit.SECONDS), Map.of(), true);
    }
}
