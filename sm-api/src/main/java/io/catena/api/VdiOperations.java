package io.catena.api;

import java.util.List;

/**
 * The disks of a storage repository: looks at them, makes, changes and removes them.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}; nothing is changed then, unless the method says otherwise.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Operations that change the tree of nodes run one after another; guest I/O goes on meanwhile.
 */
public interface VdiOperations {
    /** Returns all disks, sorted by name, then id; base copies are not disks. */
    List<Vdi> vdis();

    /** Returns one disk; {@link SrError#VDI_MISSING} if there is none. */
    Vdi vdi(VdiId id);

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

    /**
     * Takes snapshots under ids that the caller chose, at one instant: all or none. Their keys are durable with them.
     *
     * @throws SrException {@link SrError#VDI_EXISTS} if one of the ids is taken
     */
    List<SnapshotResult> snapshot(List<SnapshotSpec> specs);

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
     * Puts a disk upon another: what the child does not hold itself it shows from the parent from now on. The parent is no
     * disk any more, but the child's base copy. The child may be active. Does nothing if that has happened before.
     *
     * <p>A disk leaves zeros out of its file where nothing lies under them, and cannot be told then from one to which nothing
     * was written. A child that is to be written before it is composed needs the key "base_mirror" from its beginning, as
     * XAPI gives it to the target of a storage migration; then it holds all zeros.
     *
     * @param child a differencing disk that nothing builds on, upon nothing that holds data
     * @throws SrException {@link SrError#VDI_IN_USE} if the parent is attached or either is being copied; {@link
     *     SrError#VDI_SIZE} if the parent is larger; {@link SrError#VDI_TYPE} if they do not fit otherwise, or
     *     the child may have left out zeros
     */
    Vdi compose(VdiId parent, VdiId child);

    /**
     * Drops what a disk holds itself, so that it shows what it builds on.
     *
     * @throws SrException {@link SrError#VDI_IN_USE} if it is active or being copied; {@link SrError#VDI_TYPE} if it builds
     *     on nothing
     */
    Vdi reset(VdiId id);

    /**
     * Resets a disk that is set to be, before it is activated for a boot. Does nothing to other disks, nor to one that is
     * active.
     */
    Vdi beginBoot(VdiId id);

    /** Begins to make a disk that starts with a content from elsewhere. */
    default VdiImport importVdi(VdiSpec spec) {
        return importVdi(spec, ContentOrigin.UNKNOWN);
    }

    /**
     * Begins to make a disk that starts with a content from elsewhere. If only what changed comes, the disk builds on the one
     * that holds the rest: a snapshot made here, or a disk that was made of such a stream and not written since. That one can
     * be read meanwhile, but not written or destroyed.
     *
     * @throws SrException {@link SrError#BAD_REQUEST} if no disk, or more than one, is known to hold the rest, or the base that
     *     was chosen is not; {@link SrError#VDI_SIZE} if the disk would be smaller than its base
     */
    VdiImport importVdi(VdiSpec spec, ContentOrigin origin);

    /** Removes a disk; its space comes back at once or with the next garbage collection. Does nothing if it is gone. */
    void destroy(VdiId id);

    /**
     * Gives up the data of a snapshot, so that its space can be collected. It can still be the base of {@link
     * VdiContents#changes}, has its name and keys, and goes for good with {@link #destroy}. Does nothing if that was done.
     *
     * @throws SrException {@link SrError#VDI_TYPE} if the disk is no snapshot; {@link SrError#VDI_IN_USE} if it is attached, or
     *     others build on it
     */
    void destroyData(VdiId id);
}
