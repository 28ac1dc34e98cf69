package io.catena.harness.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** Bytes at offsets, zero where nothing was written; pages of zeros that were never written take no memory. */
final class SparseBytes {
    static final int PAGE = 4096;
    static final int SECTOR = 512;
    private static final byte[] ZEROS = new byte[PAGE];

    private final TreeMap<Long, byte[]> pages = new TreeMap<>();

    SparseBytes copy() {
        SparseBytes copy = new SparseBytes();
        pages.forEach((number, page) -> copy.pages.put(number, page.clone()));
        return copy;
    }

    /** Fills {@code target}. */
    void read(long offset, ByteBuffer target) {
        for (long at = offset; target.hasRemaining(); ) {
            int inPage = (int) (at % PAGE);
            int length = Math.min(PAGE - inPage, target.remaining());
            byte[] page = pages.get(at / PAGE);
            if (page == null) {
                target.put(ZEROS, 0, length);
            } else {
                target.put(page, inPage, length);
            }
            at += length;
        }
    }

    /** Writes all of {@code source}. */
    void write(long offset, ByteBuffer source) {
        for (long at = offset; source.hasRemaining(); ) {
            int inPage = (int) (at % PAGE);
            int length = Math.min(PAGE - inPage, source.remaining());
            source.get(pages.computeIfAbsent(at / PAGE, number -> new byte[PAGE]), inPage, length);
            at += length;
        }
    }

    /** Returns a copy of a page's bytes, not to be changed. */
    byte[] page(long number) {
        byte[] page = pages.get(number);
        return page == null ? ZEROS : page.clone();
    }

    /** Returns a copy of a sector's bytes. */
    byte[] sector(long sector) {
        byte[] bytes = new byte[SECTOR];
        read(sector * SECTOR, ByteBuffer.wrap(bytes));
        return bytes;
    }

    /** Makes all bytes from {@code offset} zero. */
    void clearFrom(long offset) {
        byte[] cut = pages.get(offset / PAGE);
        if (cut != null && offset % PAGE != 0) {
            Arrays.fill(cut, (int) (offset % PAGE), PAGE, (byte) 0);
        }
        pages.tailMap(ceiling(offset)).clear();
    }

    /** Forgets the pages that lie wholly in a range, which then is zero there. */
    void dropPages(long from, long to) {
        long first = ceiling(from);
        if (first < to / PAGE) {
            pages.subMap(first, to / PAGE).clear();
        }
    }

    /** Names the pages in memory that have a byte at or after {@code offset}. */
    void forEachPageFrom(long offset, LongConsumer action) {
        for (long page : pages.tailMap(offset / PAGE).keySet()) {
            action.accept(page);
        }
    }

    /** Returns how many of the bytes can be written if no more than {@code freePages} may be added. */
    long lengthThatFits(long offset, long length, long freePages) {
        long free = freePages;
        for (long at = offset; at < offset + length; at = (at / PAGE + 1) * PAGE) {
            if (!pages.containsKey(at / PAGE) && --free < 0) {
                return at - offset;
            }
        }
        return length;
    }

    long allocatedBytes() {
        return (long) pages.size() * PAGE;
    }

    private static long ceiling(long offset) {
        return (offset + PAGE - 1) / PAGE;
    }
}
