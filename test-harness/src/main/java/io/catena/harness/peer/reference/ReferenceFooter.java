package io.catena.harness.peer.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The fields of a VHD footer that reading needs.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, "Hard Disk Footer Format". Big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie               "conectix"
 *     16     8  data offset          bytes to the dynamic header
 *     28     4  creator application
 *     32     4  creator version
 *     48     8  current size         bytes
 *     60     4  disk type            2 fixed, 3 dynamic, 4 differencing
 *     64     4  checksum
 *     68    16  unique id
 * </pre>
 */
record ReferenceFooter(long headerOffset, long sizeBytes, int type, UUID uniqueId) {
    static final int FIXED = 2;
    static final int DYNAMIC = 3;
    static final int DIFFERENCING = 4;

    private static final int SIZE = 512;
    private static final int CHECKSUM_OFFSET = 64;

    /**
     * Finds the footer as libvhd does: the last 512 bytes; else, in a file that ends in half a sector, the last 511; else
     * the copy at the start.
     *
     * @throws IOException if none of the three is a footer, or the disk is of a kind that has no defined content
     */
    static ReferenceFooter find(ReferenceBytes file) throws IOException {
        long end = file.size();
        if (end >= SIZE && isFooter(file.read(end - SIZE, SIZE))) {
            return decode(file.read(end - SIZE, SIZE), file);
        }
        if (end % SIZE == SIZE - 1) {
            ByteBuffer padded = ByteBuffer.allocate(SIZE);
            padded.put(file.read(end - (SIZE - 1), SIZE - 1)).rewind();
            if (isFooter(padded)) {
                return decode(padded, file);
            }
        }
        if (end >= SIZE && isFooter(file.read(0, SIZE))) {
            return decode(file.read(0, SIZE), file);
        }
        throw new IOException(
                file.name() + ": no valid footer at the end (offset " + (end - SIZE) + ") or at offset 0");
    }

    private static boolean isFooter(ByteBuffer sector) {
        return ReferenceBytes.text(sector, 0, 8).equals("conectix")
                && ReferenceBytes.checksum(sector, CHECKSUM_OFFSET) == sector.getInt(CHECKSUM_OFFSET);
    }

    private static ReferenceFooter decode(ByteBuffer sector, ReferenceBytes file) throws IOException {
        String creator = ReferenceBytes.text(sector, 28, 3);
        if (creator.equals("tap") && sector.getInt(32) == 1) {
            throw new IOException(
                    file.name() + ": made by tapdisk 0.1, whose bitmaps are little-endian and have no defined order");
        }
        int type = sector.getInt(60);
        if (type < FIXED || type > DIFFERENCING) {
            throw new IOException(file.name() + ": disk type is " + type + ", not 2, 3 or 4");
        }
        long sizeBytes = sector.getLong(48);
        if (sizeBytes < 0) {
            throw new IOException(file.name() + ": size is " + Long.toUnsignedString(sizeBytes) + " bytes");
        }
        return new ReferenceFooter(
                sector.getLong(16), sizeBytes, type, new UUID(sector.getLong(68), sector.getLong(76)));
    }
}
