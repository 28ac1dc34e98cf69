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

    /**
     * Decides that a file is the disk that other files claim to be, too; they become disks of their own.
     *
     * @param file its name, relative to the SR's directory
     * @throws SrException {@link SrError#BAD_REQUEST} if no other file claims to be the same disk; {@link SrError#VDI_IN_USE}
     *     if one of them is attached
     */
    void keep(String file);

    /**
     * Goes on with files that lack what guests wrote to them last, because their redo logs are lost or were made for other
     * files. Health says which these are; does nothing if there are none.
     */
    void acceptLoss();

    /** Returns what the SR may promise, and has promised. Waits for nothing. */
    SrQuotas quotas();

    /**
     * Makes sure that a disk would be made now; promises nothing.
     *
     * @param owner empty for nobody
     * @throws SrException {@link SrError#OVERSUBSCRIBED}, {@link SrError#QUOTA_EXCEEDED} or {@link SrError#SR_NO_SPACE}, with
     *     what there is, what is allowed and what to do
     */
    void admit(long sizeBytes, String owner);

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

    /**
     * Reserves a disk for a holder, and tells where it will be served; who connects before it is active is refused. A disk
     * may have any number of holders. Does nothing if the holder has it in this mode already.
     *
     * @param mode the most that the holder may activate it for
     * @throws SrException {@link SrError#VDI_IN_USE} if the holder has it in the other mode; {@link SrError#VDI_TYPE} if it
     *     can only be read and {@code mode} is another
     */
    Export attach(VdiId id, String holder, AccessMode mode);

    /**
     * Opens a disk that is attached for I/O: for one holder that writes, or any number that read. Does nothing if it is
     * active for the holder in this mode already.
     *
     * @throws SrException {@link SrError#VDI_IN_USE}, telling who, if another holder's activation excludes this one or the
     *     holder has it active in the other mode; {@link SrError#BAD_REQUEST} if the holder has not attached it, or not for
     *     this mode
     */
    Export activate(VdiId id, String holder, AccessMode mode);

    /** Does both {@link #attach} and {@link #activate}, or neither. */
    Export attachAndActivate(VdiId id, String holder, AccessMode mode);

    /** Ends what {@link #activate} began, after all writes are on disk. Does nothing if it is not active for the holder. */
    void deactivate(VdiId id, String holder);

    /** Ends what {@link #attach} began; deactivates first. Does nothing if the holder does not have it. */
    void detach(VdiId id, String holder);

    /** Returns who has which disks attached, sorted by disk, then holder. */
    List<Hold> holds();

    /** Attaches and activates a disk for nobody in particular. */
    default Export attach(VdiId id, AccessMode mode) {
        return attachAndActivate(id, Hold.HOST, mode);
    }

    /** Deactivates a disk for all its holders. */
    default void deactivate(VdiId id) {
        holdersOf(id).forEach(holder -> deactivate(id, holder));
    }

    /** Detaches a disk from all its holders. */
    default void detach(VdiId id) {
        holdersOf(id).forEach(holder -> detach(id, holder));
    }

    private List<String> holdersOf(VdiId id) {
        return holds().stream()
                .filter(hold -> hold.vdi().equals(id))
                .map(Hold::holder)
                .toList();
    }

    /** Starts deleting what nobody can reach, and merging base copies; returns at once. */
    default Job collectGarbage() {
        return garbage().run();
    }

    /** Returns what controls the SR's garbage collection. */
    GarbageControl garbage();

    /** Returns for how long requests of active disks were held back. Waits for nothing. */
    default PauseHistogram pauses() {
        return PauseHistogram.empty();
    }

    /** Returns what tells changes and streams contents, for backups. */
    VdiContents contents();

    /** Returns the texts that are kept with the SR. */
    SrNotes notes();
}
