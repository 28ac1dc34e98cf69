package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk as an export server sees it. Offsets and lengths are in bytes; any are allowed that lie within the size,
 * multiples of {@link #SECTOR} are served best.
 *
 * <p><b>Durability.</b> A write that returned is seen by every later read, also after the process was killed. It is on
 * the platter after a {@link #flush} that began after it returned.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Reads and writes that overlap in time and place see each other's
 * sectors in no defined order.
 */
public interface BlockDevice {
    /** Bytes in a sector, the unit that is written whole or not at all. */
    int SECTOR = 512;

    /** Returns the size of the disk. */
    long sizeBytes();

    /** Whether writes are refused. */
    boolean readOnly();

    /** Fills {@code target}. */
    void read(long offset, ByteBuffer target) throws IOException;

    /** Writes all of {@code source}. */
    void write(long offset, ByteBuffer source) throws IOException;

    /**
     * Makes bytes zero that are of no more use, and gives their space back. Where it cannot be given back nothing need
     * happen. Durable like a write.
     */
    void discard(long offset, long lengthBytes) throws IOException;

    /**
     * Makes bytes zero. Durable like a write.
     *
     * @param mayDeallocate whether to give their space back; else it is kept, or allocated
     */
    void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException;

    /** Whether {@link #writeZeroes} that may deallocate is faster than a write of zeros. */
    boolean zeroesFast();

    /**
     * Tells what the bytes from {@code offset} on are like; not necessarily as far as could be said.
     *
     * @param maxBytes how far to look, more than 0, within the size
     */
    Extent extent(long offset, long maxBytes) throws IOException;

    /** Makes all writes that returned before durable. */
    void flush() throws IOException;
}
