package io.catena.api;

import java.util.Map;
import java.util.Objects;

/**
 * A snapshot that is to be taken under an id that the caller chose, so that it can find out later whether it was.
 *
 * @param of the disk
 * @param snapshot the snapshot's id
 * @param name the snapshot's name; empty for the disk's own
 * @param keys what the snapshot has as keys from its beginning
 */
public record SnapshotSpec(VdiId of, VdiId snapshot, String name, Map<String, String> keys) {
    public SnapshotSpec {
        Objects.requireNonNull(of, "of");
        Objects.requireNonNull(snapshot, "snapshot");
        keys = Map.copyOf(keys);
    }
}
