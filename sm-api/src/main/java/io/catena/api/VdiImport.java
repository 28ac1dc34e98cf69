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

    /** Makes all of it durable, and the disk appear. */
    Vdi commit();

    /** Ends the import; without {@link #commit} nothing of it is left. */
    @Override
    void close();
}
