package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * An attached storage repository. Who needs one of its facets only takes that one: what there is, what may be promised, its
 * disks, access to them, what controls garbage collection ({@link #garbage}), contents, or notes.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}; nothing is changed then, unless the method says otherwise.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Operations that change the tree of nodes run one after another; guest
 * I/O goes on meanwhile.
 */
public interface StorageRepository extends VdiOperations, VdiAccess, SrInventory, SrAdmission {
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

    /** Changes what is told of the SR. */
    SrStat set(SrChange change);

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
