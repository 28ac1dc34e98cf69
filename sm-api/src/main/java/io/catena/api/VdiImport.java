package io.catena.api;

import java.nio.ByteBuffer;

/**
 * A disk that is being filled from elsewhere; it is no disk of the SR before {@link #commit}.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}; also if the SR was detached meanwhile. <b>Threads.</b> For use by
 * one thread.
 */
public interface VdiImport extends AutoCloseable {
    /** Writes whole sectors of 512 bytes; what is never written is zero. */
    void write(long offset, ByteBuffer source);

    /** Makes whole sectors of 512 bytes zero, whatever the disk that this builds on holds there. */
    void zero(long offset, long lengthBytes);

    /**
     * Makes it an import that can be gone on with after the agent was started again, see {@link VdiContents#kept}; does nothing
     * if it is of a kind that cannot. To be called before anything is written.
     *
     * @param upload what it is filled from
     */
    default void keep(UploadStream stream, VdiUpload upload) {}

    /** Takes note that all was written that comes before a place in the stream. */
    default void reached(long offset) {}

    /** Makes all of it durable, and the disk appear. */
    Vdi commit();

    /** Ends the import; without {@link #commit} nothing of it is left. */
    @Override
    void close();
}
