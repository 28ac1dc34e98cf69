package io.catena.api;

import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What backup tools need: what changed between two disks, and their content as streams.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}: {@link SrError#VDI_IN_USE} for a disk that somebody may write
 * meanwhile, {@link SrError#BAD_REQUEST} for a base that has nothing in common with the disk, {@link SrError#CHANGES_UNKNOWN} if
 * what changed since a base without data is not known any more: all may have changed then.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface VdiContents {
    /**
     * Returns the parts of a disk that may differ from {@code base}, ordered and disjoint; all others are the same. The base is
     * a snapshot or another disk of the same tree: no tracking is needed for it.
     *
     * @param base null for nothing: the parts that hold data
     */
    List<DiskRange> changes(VdiId vdi, @Nullable VdiId base);

    /**
     * Opens a disk's content as a stream.
     *
     * @param base null for all of it; else the disk that whoever reads the stream has already
     */
    VdiStream export(VdiId vdi, StreamFormat format, @Nullable VdiId base);

    /**
     * Begins to read the content of a new disk; see {@link StorageRepository#importVdi} for where it goes. Nothing that the
     * stream says is believed before it was checked.
     *
     * @param source where the bytes come from; one that waits without an end has to be closed by somebody else
     * @param lengthBytes how many there are, or -1 if nobody knows; then a raw disk or a fixed VHD cannot be read
     * @throws SrException {@link SrError#BAD_REQUEST} if it is not of that format; {@link SrError#SR_NO_SPACE} if what it holds is more than is free
     */
    VdiUpload upload(StreamFormat format, ReadableByteChannel source, long lengthBytes);

    /** Returns the upload of a disk that was under way when an earlier agent ended, and that a caller can go on with. */
    default Optional<KeptUpload> kept(VdiId vdi, String caller) {
        return Optional.empty();
    }

    /**
     * Goes on reading a stream.
     *
     * @param rest its bytes from {@link KeptUpload#offsetBytes} on
     * @throws SrException {@link SrError#TRY_AGAIN} if nothing is kept of it any more
     */
    default VdiUpload rest(KeptUpload kept, ReadableByteChannel rest) {
        throw gone(kept);
    }

    /**
     * Goes on filling a disk, as {@link StorageRepository#importVdi} begins to.
     *
     * @throws SrException {@link SrError#TRY_AGAIN} if nothing is kept of it any more
     */
    default VdiImport goOn(KeptUpload kept, VdiSpec spec, ContentOrigin origin) {
        throw gone(kept);
    }

    /** Leaves nothing of an upload; does nothing if it is under way, or gone. */
    default void drop(KeptUpload kept) {}

    /** Returns what to say of an upload that is kept no more. */
    static SrException gone(KeptUpload kept) {
        return new SrException(SrError.TRY_AGAIN, "What had come of VDI " + kept.vdi() + " is not kept any more")
                .correction("Send all of it.");
    }
}
