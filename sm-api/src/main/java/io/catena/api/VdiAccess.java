package io.catena.api;

import java.util.List;

/**
 * Who has which disks of a storage repository for I/O.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}; nothing is changed then, unless the method says otherwise.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface VdiAccess {
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
}
