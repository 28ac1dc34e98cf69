package io.catena.agent.host;

import io.catena.api.PeerHost;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes and opens storage repositories in directories. Safe for use by many threads. */
public interface SrOpener {
    /**
     * Makes an SR.
     *
     * @param directory absolute; it exists and is empty
     */
    AttachedSr create(Path directory, SrId id, String name) throws IOException;

    /**
     * Opens the SR in a directory, after it completed or undid what was interrupted there.
     *
     * @param directory absolute
     * @param expected the SR that must be there; null for any
     * @param adopt whether a directory of VHDs that is no SR becomes one
     */
    AttachedSr attach(Path directory, @Nullable SrId expected, boolean adopt) throws IOException;

    /**
     * Remembers that no other host uses a directory, though its file system would allow that.
     *
     * @param directory absolute
     */
    default void allowSingleHost(Path directory) throws IOException {}

    /**
     * Looks at a directory without changing anything in it.
     *
     * @param directory absolute; it exists
     */
    SrProbe probe(Path directory);

    /** As {@link io.catena.api.StorageHost#share}. */
    default void share(Path directory, String how) throws IOException {
        throw new SrException(SrError.UNIMPLEMENTED, "SRs cannot be shared here");
    }

    /** As {@link io.catena.api.StorageHost#peers}. */
    default List<PeerHost> peers(Path directory) throws IOException {
        throw new SrException(SrError.UNIMPLEMENTED, "SRs cannot be shared here");
    }

    /** As {@link io.catena.api.StorageHost#fenced}. */
    default void fenced(Path directory, String host) throws IOException {
        throw new SrException(SrError.UNIMPLEMENTED, "SRs cannot be shared here");
    }
}
