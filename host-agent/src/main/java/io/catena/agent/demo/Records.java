package io.catena.agent.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A region of a disk that is filled with numbered records, one after the other, from the start again when it is full. Each
 * holds its number, in digits, again and again.
 *
 * @param offset where the region starts
 * @param slots how many records it holds
 */
public record Records(long offset, int slots) {
    public static final int RECORD_BYTES = 4096;

    private static final int LINE_BYTES = 32;
    private static final String LABEL = "record ";
    private static final int DIGITS = LINE_BYTES - LABEL.length() - 1;

    /** Returns where record {@code number} is written; numbers start at 0. */
    long offsetOf(long number) {
        return offset + number % slots * RECORD_BYTES;
    }

    /** Returns the bytes of record {@code number}. */
    static byte[] bytes(long number) {
        String digits = Long.toString(number);
        String line = LABEL + "0".repeat(DIGITS - digits.length()) + digits + "\n";
        return line.repeat(RECORD_BYTES / LINE_BYTES).getBytes(StandardCharsets.US_ASCII);
    }

    /** Writes to {@code content} what the region holds after the first {@code count} records. */
    void fill(Content content, long count) {
        for (long number = Math.max(0, count - slots); number < count; number++) {
            content.write(offsetOf(number), bytes(number));
        }
    }

    /** Returns how many records a disk has seen: one more than the highest number that stands there. */
    long countOn(Content.Reader disk) throws IOException {
        long count = 0;
        ByteBuffer region = ByteBuffer.allocate(Math.multiplyExact(slots, RECORD_BYTES));
        disk.read(offset, region);
        for (int slot = 0; slot < slots; slot++) {
            byte[] line = new byte[LINE_BYTES];
            region.get(slot * RECORD_BYTES, line);
            count = Math.max(count, 1 + numberIn(line));
        }
        return count;
    }

    /** Returns -1 if {@code line} is not of a record; what is wrong with it, the digest of the disk will tell. */
    private static long numberIn(byte[] line) {
        String text = new String(line, StandardCharsets.US_ASCII);
        if (!text.startsWith(LABEL)) {
            return -1;
        }
        try {
            return Long.parseLong(text.substring(LABEL.length()).strip());
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
