package io.catena.vhd.map;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;

/**
 * Which sectors of a block are present: a bit each, the most significant bit of the first byte for the first sector. Not
 * safe for use by several threads.
 */
final class SectorBitmap {
    private final int sectors;
    private final long[] words;
    private int present;

    SectorBitmap(int sectors) {
        this.sectors = sectors;
        this.words = new long[(sectors + Long.SIZE - 1) / Long.SIZE];
    }

    /** Reads a bitmap as it stands on disk; bits behind the last sector are ignored. */
    static SectorBitmap decode(ByteBuffer bytes, int sectors) {
        SectorBitmap bitmap = new SectorBitmap(sectors);
        ByteBuffer in = bytes.duplicate().order(BIG_ENDIAN);
        for (int i = 0; i < bitmap.words.length; i++) {
            bitmap.words[i] = in.getLong();
        }
        int extra = bitmap.words.length * Long.SIZE - sectors;
        if (extra > 0) {
            bitmap.words[bitmap.words.length - 1] &= -1L << extra;
        }
        for (long word : bitmap.words) {
            bitmap.present += Long.bitCount(word);
        }
        return bitmap;
    }

    /** Returns the bitmap as it stands on disk, padded to {@code bytes}. */
    ByteBuffer encode(int bytes) {
        ByteBuffer out = ByteBuffer.allocate(bytes).order(BIG_ENDIAN);
        for (long word : words) {
            out.putLong(word);
        }
        return out.rewind();
    }

    boolean isSet(int sector) {
        return (words[sector / Long.SIZE] & bit(sector)) != 0;
    }

    boolean isFull() {
        return present == sectors;
    }

    /** Returns how many sectors from {@code from} on are like it; looks at no more than {@code max}. */
    int run(int from, int max) {
        boolean set = isSet(from);
        int sector = from;
        while (sector - from < max) {
            int inWord = Long.SIZE - sector % Long.SIZE;
            long word = words[sector / Long.SIZE];
            int alike = Long.numberOfLeadingZeros((set ? ~word : word) << (sector % Long.SIZE));
            sector += Math.min(alike, inWord);
            if (alike < inWord) {
                break;
            }
        }
        return Math.min(sector - from, max);
    }

    /** Whether all bits of a range are set. */
    boolean isSet(int from, int count) {
        return isSet(from) && run(from, count) == count;
    }

    /** Sets a range of bits, and in {@code news} those of them that were clear before. */
    void set(int from, int count, SectorBitmap news) {
        for (int sector = from; sector < from + count; ) {
            int inWord = Math.min(from + count - sector, Long.SIZE - sector % Long.SIZE);
            int word = sector / Long.SIZE;
            long mask = (-1L << (Long.SIZE - inWord)) >>> (sector % Long.SIZE);
            news.add(word, mask & ~words[word]);
            add(word, mask);
            sector += inWord;
        }
    }

    /** Sets the bits that {@code other} has set. */
    void add(SectorBitmap other) {
        for (int i = 0; i < words.length; i++) {
            add(i, other.words[i]);
        }
    }

    /** Returns the bits of this bitmap that {@code other} does not have. */
    SectorBitmap without(SectorBitmap other) {
        SectorBitmap rest = new SectorBitmap(sectors);
        for (int i = 0; i < words.length; i++) {
            rest.add(i, words[i] & ~other.words[i]);
        }
        return rest;
    }

    private void add(int word, long mask) {
        present += Long.bitCount(mask & ~words[word]);
        words[word] |= mask;
    }

    private static long bit(int sector) {
        return 1L << (Long.SIZE - 1 - sector % Long.SIZE);
    }
}
