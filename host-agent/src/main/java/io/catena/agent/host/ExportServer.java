package io.catena.agent.host;

import io.catena.api.Endpoint;
import io.catena.api.ExportKind;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.util.Optional;
import java.util.Set;

/**
 * Exports disks that are active in one more way than over NBD.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public interface ExportServer {
    /** In which way. */
    ExportKind kind();

    /**
     * Exports a disk that is active, or goes on with what an agent before this one made. Does nothing if it is exported
     * already.
     */
    Endpoint open(VdiId vdi);

    /**
     * Ends the export, after all that was written through it is in the disk. Does nothing if there is none.
     *
     * @throws SrException with {@link io.catena.api.SrError#VDI_IN_USE} if somebody still uses it after a while
     */
    void close(VdiId vdi);

    /** Returns a path at which the disk is found whenever it is exported; it does not change with the export. */
    String path(VdiId vdi);

    /** Returns where a disk is exported, if it is. */
    Optional<Endpoint> endpoint(VdiId vdi);

    /** Gives the export the size that the disk has now. Does nothing if there is none. */
    void resized(VdiId vdi);

    /** Removes what agents before this one left, but for the disks that are {@code wanted}. */
    void removeLeftovers(Set<VdiId> wanted);
}
