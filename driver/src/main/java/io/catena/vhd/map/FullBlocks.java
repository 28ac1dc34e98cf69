package io.catena.vhd.map;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A bit per block of which every sector is known to be present.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class FullBlocks {
    private final AtomicIntegerArray words;

    FullBlocks(int blocks) {
        words = new AtomicIntegerArray((blocks + 31) / 32);
    }

    /** Returns a copy with room for more blocks. */
    FullBlocks grown(int blocks) {
        FullBlocks copy = new FullBlocks(blocks);
        for (int i = 0; i < words.length(); i++) {
            copy.words.set(i, words.get(i));
        }
        return copy;
    }

    /** Returns what they take of memory. */
    long bytes() {
        return words.length() * (long) Integer.BYTES;
    }

    boolean contains(int block) {
        return (words.get(block / 32) & 1 << block % 32) != 0;
    }

    void add(int block) {
        words.accumulateAndGet(block / 32, 1 << block % 32, (a, b) -> a | b);
    }

    void remove(int block) {
        words.accumulateAndGet(block / 32, 1 << block % 32, (a, b) -> a & ~b);
    }

    /** Returns the batmap that tells of the first {@code blocks} blocks. */
    ByteBuffer encode(int blocks, int bytes) {
        ByteBuffer map = ByteBuffer.allocate(bytes);
        for (int block = 0; block < blocks; block++) {
            if (contains(block)) {
                map.put(block / 8, (byte) (map.get(block / 8) | 0x80 >> block % 8));
            }
        }
        return map;
    }
}
