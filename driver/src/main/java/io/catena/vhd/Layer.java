package io.catena.vhd;

import io.catena.store.BlockFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One open file of a chain, as a source of sectors: some are present in it, for the others the next file is asked.
 * Offsets and lengths are in bytes on the virtual disk and multiples of 512.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface Layer extends Closeable {
    /** Returns the size of the virtual disk. */
    long sizeBytes();

    /**
     * Tells how far the sectors from {@code offset} on are alike: {@code n} if the next {@code n} bytes are present,
     * {@code -n} if they are not.
     *
     * @param maxBytes how far to look, at least one sector, within the size
     * @return never 0; not necessarily as far as could be said
     */
    long run(long offset, long maxBytes) throws IOException;

    /** Fills {@code target} from sectors that are all present. */
    void read(long offset, ByteBuffer target) throws IOException;

    /** Writes all of {@code source}; its sectors are present afterwards. */
    void write(long offset, ByteBuffer source) throws IOException;

    /** Where sectors stand. */
    record Place(BlockFile file, long offset) {}

    /** Returns where present sectors of one block stand; null if others cannot take them from there. */
    default @Nullable Place place(long offset) {
        return null;
    }

    /**
     * Takes over sectors of one block from where they stand in another layer's file, if that is possible; they are present
     * afterwards, as after a write. If they are a hole there, nothing has happened either.
     */
    default BlockFile.Taken takeFrom(Place source, long offset, int lengthBytes) throws IOException {
        return BlockFile.Taken.REFUSED;
    }

    /**
     * Makes sectors zero; they are present afterwards, and take no room if {@link #givesSpaceBack}. To be seen, survived
     * and made durable like a write of zeros.
     */
    void zero(long offset, long lengthBytes) throws IOException;

    /** Whether {@link #zero} and {@link #giveUp} give space back to the file system; {@code zero} writes zeros else. */
    boolean givesSpaceBack();

    /** Returns the size of the blocks that {@link #giveUp} takes, which begin at its multiples; 0 if there are none. */
    long blockBytes();

    /**
     * Gives up the block that begins at {@code offset}: none of its sectors is present afterwards. Its space is given back
     * with the next {@link #flush}, which makes this durable, or after it.
     *
     * <p>The caller sees to it that no file further up the chain shows through, and that no request is under way in the
     * layer; a flush may be.
     */
    void giveUp(long offset) throws IOException;

    /** Makes all writes that returned before durable, so that the file alone tells of them. */
    void flush() throws IOException;

    /** Makes the sectors that were written durable, though not yet that the file has them; after that a flush has less to do. */
    default void syncData() throws IOException {
        flush();
    }

    /**
     * Does beforehand what {@link #close} would wait for, as far as that can be, when nobody writes any more. What fails fails again
     * when the file is closed.
     */
    default void complete() {}

    /** Flushes what was written, leaves the file as other programs expect it, and closes it. */
    @Override
    void close() throws IOException;
}
