package io.catena.api;

import java.util.List;

/**
 * An attached storage repository: the operations on its disks.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}; nothing is changed then, unless the method says otherwise.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Operations that change the tree of nodes run one after another; guest
 * I/O goes on meanwhile.
 */
public interface StorageRepository {
    /** Returns how full the SR is. */
    SrStat stat();

    /** Looks at all files again, in case somebody else changed them. */
    SrStat scan();

    /** Returns all disks, sorted by name, then id; base copies are not disks. */
    List<Vdi> vdis();

    /** Returns one disk; {@link SrError#VDI_MISSING} if there is none. */
    Vdi vdi(VdiId id);

    /** Returns the roots of all chains with everything that builds on them. */
    List<TreeNode> tree();

    /** Makes an empty disk. */
    Vdi create(VdiSpec spec);

    /**
     * Takes snapshots of several disks at one instant: of all or of none.
     *
     * @param name the snapshots' name; empty for the disk's own
     */
    List<SnapshotResult> snapshot(List<VdiId> ids, String name);

    /** Makes a writable disk that starts with the content that {@code id} has now. */
    Vdi clone(VdiId id, String name);

    /** Removes a disk; its space comes back at once or with the next garbage collection. Does nothing if it is gone. */
    void destroy(VdiId id);

    /**
     * Opens a disk for I/O and publishes it. Does nothing if it is attached in this mode already.
     *
     * @throws SrException {@link SrError#VDI_IN_USE} if it is attached in the other mode
     */
    Export attach(VdiId id, AccessMode mode);

    /** Ends what {@link #attach} began, after all its writes are on disk. Does nothing if the disk is not attached. */
    void detach(VdiId id);

    /** Starts deleting what nobody can reach, and merging base copies; returns at once. */
    Job collectGarbage();
}
