package io.catena.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

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

    /**
     * Compares records, nodes and journals, and looks into all files that nobody has open.
     *
     * @param repair whether to repair what can be repaired without a loss; else nothing is changed
     */
    SrCheck check(boolean repair);

    /** Changes what is told of the SR. */
    SrStat set(SrChange change);

    /** Returns all disks, sorted by name, then id; base copies are not disks. */
    List<Vdi> vdis();

    /** Returns one disk; {@link SrError#VDI_MISSING} if there is none. */
    Vdi vdi(VdiId id);

    /** Returns the roots of all chains with everything that builds on them. */
    List<TreeNode> tree();

    /**
     * Makes an empty disk. If there is one of the id that {@code spec} gives, made from the same spec, that one is returned:
     * who got no answer may ask again.
     *
     * @throws SrException {@link SrError#VDI_EXISTS} if the one there is another, telling in what it differs
     */
    Vdi create(VdiSpec spec);

    /**
     * Takes snapshots of several disks at one instant: of all or of none.
     *
     * @param name the snapshots' name; empty for the disk's own
     */
    List<SnapshotResult> snapshot(List<VdiId> ids, String name);

    /** Makes a writable disk that starts with the content that {@code id} has now. */
    default Vdi clone(VdiId id, String name) {
        return clone(id, name, 0);
    }

    /**
     * Makes a writable disk that starts with the content that {@code id} has now, and may be larger.
     *
     * @param sizeBytes the least size, or 0 for the same; what is added reads as zeros
     * @throws SrException {@link SrError#VDI_SIZE} if it is less than that of {@code id}
     */
    Vdi clone(VdiId id, String name, long sizeBytes);

    /** Changes what is told of a disk. */
    Vdi set(VdiId id, VdiChange change);

    /**
     * Makes a disk larger; what is added reads as zeros. An attached disk grows while its requests wait; who has it open
     * learns of its size when it connects the next time. Does nothing if it has that size.
     *
     * @param sizeBytes the least size; made a multiple of what the format demands
     * @throws SrException {@link SrError#VDI_SIZE} if the disk would shrink
     */
    Vdi resize(VdiId id, long sizeBytes);

    /**
     * Gives a disk the content of one of its snapshots; its id, name and keys stay, and so does the snapshot. What was
     * written since is lost.
     *
     * @throws SrException {@link SrError#VDI_IN_USE} if it is attached
     */
    Vdi revert(VdiId id, VdiId snapshot);

    /**
     * Starts copying a disk, flattened, into this or another SR; returns at once. Until it has ended the disk can be read,
     * but not written, cut or destroyed.
     *
     * @param target the repository that gets the copy
     * @param name the copy's name; empty for the disk's own
     * @param copy the copy's id, or null for a new one
     * @throws SrException {@link SrError#VDI_IN_USE} if it is attached for writing
     */
    Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy);

    /** Begins to make a disk that starts with a content from elsewhere. */
    VdiImport importVdi(VdiSpec spec);

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
    default Job collectGarbage() {
        return garbage().run();
    }

    /** Returns what controls the SR's garbage collection. */
    GarbageControl garbage();
}
