package io.catena.api;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All storage repositories of a host.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public interface StorageHost {
    /**
     * Makes an SR in a directory that is absent or empty, and attaches it.
     *
     * @param id its identity, or null for a new one
     */
    Sr create(String name, Path directory, @Nullable SrId id);

    /**
     * Makes an SR in a place that is reached first, for instance by mounting it, and attaches it.
     *
     * @param format whether a block device on which nothing is gets a file system
     * @param id its identity, or null for a new one
     */
    default Sr create(String name, SrLocation location, boolean format, @Nullable SrId id) {
        return create(name, location.directory(), id);
    }

    /** As {@link #attach(Path, boolean)}, of an SR whose place is reached first. It is let go of when the SR is. */
    default Sr attach(SrLocation location, boolean adopt) {
        return attach(location.directory(), adopt);
    }

    /** Looks at a place without changing anything there. */
    default LocationProbe probe(SrLocation location) {
        return new LocationProbe(location, List.of(), List.of(probe(location.directory())));
    }

    /** Remembers that no other host uses a directory, though its file system would allow that. */
    void allowSingleHost(Path directory);

    /** Attaches the SR in a directory; does nothing if it is attached. Never makes one. */
    default Sr attach(Path directory) {
        return attach(directory, false);
    }

    /**
     * As {@link #attach(Path)}.
     *
     * @param adopt whether a directory of VHDs that is no SR yet becomes one, and they its disks. Garbage collection changes
     *     none of them before it is switched on
     */
    Sr attach(Path directory, boolean adopt);

    /** Forgets an SR that is not attached; its files stay as they are. */
    void forget(SrId id);

    /** Attaches an SR that this host has seen before. */
    Sr attach(SrId id);

    /** Lets go of an SR, and cancels its jobs; {@link SrError#SR_IN_USE}, naming them, if disks are attached. */
    default void detach(SrId id) {
        detach(id, false);
    }

    /**
     * Lets go of an SR, and cancels its jobs.
     *
     * @param force whether disks that are attached are detached from all their holders; the requests that were received are
     *     answered, then the clients lose their connections
     * @return what was ended
     * @throws SrException {@link SrError#SR_IN_USE}, naming them, if disks are attached and this is not forced; {@link
     *     SrError#VDI_IN_USE}, naming who, if somebody of this host uses a disk's block device: that is never forced, for what
     *     a mounted file system has not written yet would be lost
     */
    SrUse detach(SrId id, boolean force);

    /** Deletes an SR that has no disks any more, and detaches it. */
    void destroy(SrId id);

    /** Looks at a directory without changing anything in it. */
    SrProbe probe(Path directory);

    /**
     * Lets several hosts reach an SR, which is detached: one of them has it at a time, and another takes over when that one is
     * dead.
     *
     * @param how {@code files}, to agree by files of the SR; or {@code etcd:} and addresses with commas between them
     */
    void share(Path directory, String how);

    /** Returns the hosts that have shown themselves in a shared SR; looks for some seconds. */
    List<PeerHost> peers(Path directory);

    /**
     * Takes the word of somebody who has ended a host by force, so that nobody waits until it counts as dead.
     *
     * @param host an id or a name
     */
    void fenced(Path directory, String host);

    /** Changes what is told of an attached SR. */
    SrStat set(SrId id, SrChange change);

    /** Returns the SRs that are attached or were before, sorted by name. */
    List<Sr> srs();

    /** Returns an attached SR's operations; {@link SrError#SR_UNAVAILABLE} if it is not attached. */
    StorageRepository repository(SrId id);

    /**
     * Attaches and activates a disk, as {@link StorageRepository#attachAndActivate} does, and exports it in the way asked for.
     * It is exported until nobody has the disk active any more; to deactivate it is refused while somebody uses it as a block
     * device.
     *
     * @throws SrException {@link SrError#UNIMPLEMENTED} if this host has no such exports
     */
    Export attachAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode);

    /** As {@link #attachAs}, of a disk that the holder has attached: see {@link StorageRepository#activate}. */
    Export activateAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode);

    /**
     * Returns the path of the block device that a disk is whenever it is one. The path stays the same over restarts of the
     * agent; nothing is there while the disk is no block device.
     */
    String blockDevicePath(VdiId vdi);

    /** Returns the jobs that run or ended lately, oldest first. */
    List<Job> jobs();

    /** Returns one job; {@link SrError#BAD_REQUEST} if there is none with that id. */
    Job job(long id);

    /** Asks a job to stop; it does so at its next safe point. */
    Job cancel(long id);

    /** Asks a job to pause; it does so at its next safe point, if it knows how. */
    Job pause(long id);

    /** Lets a paused job go on. */
    Job resume(long id);
}
