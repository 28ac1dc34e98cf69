package io.catena.agent.mirror;

import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * The disks of an SR in which copies are made.
 *
 * <p><b>Errors.</b> An {@link io.catena.api.SrException} is a refusal; after an {@link IOException} nobody knows. <b>Threads.</b> For use by one thread.
 */
interface Disks {
    /** A disk that is there. */
    record Found(long sizeBytes, Map<String, String> keys) {
        public Found {
            keys = Map.copyOf(keys);
        }
    }

    Optional<Found> find(VdiId id) throws IOException;

    void create(VdiSpec spec) throws IOException;

    /** Ends what the mirror had of the disk before, and everything that is on its way there; then opens it for writing. */
    RemoteDisk open(VdiId id) throws IOException;

    /** Ends what the mirror has of the disk, after all is on disk. */
    void release(VdiId id) throws IOException;

    void removeKey(VdiId id, String key) throws IOException;

    /** What the SR is called, for humans. */
    String text();
}
