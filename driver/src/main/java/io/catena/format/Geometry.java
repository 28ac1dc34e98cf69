package io.catena.format;

/**
 * Cylinders, heads and sectors per track, packed as in the footer: cylinders in the upper 16 bits, then heads, then
 * sectors per track.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, appendix "CHS Calculation".
 */
public final class Geometry {
    private static final long MAX_SECTORS = 65535L * 16 * 255;
    private static final int LARGE = 65535 * 16 * 63;

    private Geometry() {}

    /** Returns the packed geometry for a disk of {@code sizeBytes}; its product may be a little smaller than the disk. */
    public static int of(long sizeBytes) {
        int sectors = (int) Math.min(MAX_SECTORS, Math.max(1, (sizeBytes + 511) / 512));
        if (sectors >= LARGE) {
            return pack(sectors / 255, 16, 255);
        }
        int cylindersTimesHeads = sectors / 17;
        int heads = Math.max(4, (cylindersTimesHeads + 1023) / 1024);
        if (cylindersTimesHeads < heads * 1024 && heads <= 16) {
            return pack(cylindersTimesHeads, heads, 17);
        }
        if (sectors / 31 < 16 * 1024) {
            return pack(sectors / 31, 16, 31);
        }
        return pack(sectors / 63, 16, 63);
    }

    private static int pack(int cylindersTimesHeads, int heads, int sectorsPerTrack) {
        return (cylindersTimesHeads / heads) << 16 | heads << 8 | sectorsPerTrack;
    }
}
