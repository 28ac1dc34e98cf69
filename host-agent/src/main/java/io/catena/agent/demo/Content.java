package io.catena.agent.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * What a disk is expected to hold: all that was written to it, kept apart from the disk.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class Content {
    private static final int BLOCK_BYTES = 4096;

    /** Not made anew for each block: that slows the JVM's digests down thirtyfold on some processors. */
    private static final byte[] ZEROS = new byte[BLOCK_BYTES];

    private static final int PIECE_BYTES = 1 << 20;

    private final long sizeBytes;

    /** By number; blocks that were never written are zeros. Arrays are shared with copies and never changed. */
    private final Map<Long, byte[]> blocks;

    private Content(long sizeBytes, Map<Long, byte[]> blocks) {
        this.sizeBytes = sizeBytes;
        this.blocks = blocks;
    }

    /** Reads from a disk. */
    @FunctionalInterface
    interface Reader {
        void read(long offset, ByteBuffer target) throws IOException;
    }

    /** Returns the content of an empty disk. */
    static Content zeros(long sizeBytes) {
        if (sizeBytes % PIECE_BYTES != 0) {
            throw new IllegalArgumentException(sizeBytes + " bytes are not whole pieces of " + PIECE_BYTES);
        }
        return new Content(sizeBytes, new HashMap<>());
    }

    /** Returns a content that is the same now, and changes on its own. */
    Content copy() {
        return new Content(sizeBytes, new HashMap<>(blocks));
    }

    void write(long offset, byte[] data) {
        int done = 0;
        while (done < data.length) {
            long at = offset + done;
            int within = (int) (at % BLOCK_BYTES);
            int count = Math.min(BLOCK_BYTES - within, data.length - done);
            byte[] block = block(at / BLOCK_BYTES).clone();
            System.arraycopy(data, done, block, within, count);
            blocks.put(at / BLOCK_BYTES, block);
            done += count;
        }
    }

    private byte[] block(long number) {
        byte[] block = blocks.get(number);
        return block == null ? ZEROS : block;
    }

    /** Returns the SHA-256 of it all, in hexadecimal digits. */
    String sha256() {
        MessageDigest digest = newDigest();
        for (long number = 0; number < sizeBytes / BLOCK_BYTES; number++) {
            digest.update(block(number));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Returns the SHA-256 of a disk, in hexadecimal digits. */
    static String sha256(long sizeBytes, Reader disk) throws IOException {
        MessageDigest digest = newDigest();
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (long offset = 0; offset < sizeBytes; offset += PIECE_BYTES) {
            disk.read(offset, piece.clear());
            digest.update(piece.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
