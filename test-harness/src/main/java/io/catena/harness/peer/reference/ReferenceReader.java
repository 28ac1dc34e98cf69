package io.catena.harness.peer.reference;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Reads a VHD file as a guest would see it through its chain: plain, slow, and written from the specification alone, so
 * that its mistakes are not the product's.
 *
 * <p>Takes a file that nobody writes. Every method throws {@link IOException} when a part of the chain is missing,
 * damaged or not the one that its child names. Not safe for use by several threads.
 */
public final class ReferenceReader implements Closeable {
    private final ReferenceLayer leaf;

    private ReferenceReader(ReferenceLayer leaf) {
        this.leaf = leaf;
    }

    /**
     * Opens a VHD file and all its ancestors.
     *
     * @throws IOException if the file is no VHD, an ancestor is missing or has another unique id than its child says, or
     *     a file is its own ancestor
     */
    public static ReferenceReader open(Path file) throws IOException {
        return new ReferenceReader(ReferenceVhd.open(file));
    }

    /** Returns the SHA-256, in lower-case hex, of all that a guest sees in {@code file}. */
    public static String sha256(Path file) throws IOException {
        try (ReferenceReader reader = open(file)) {
            return reader.sha256();
        }
    }

    /** Size of the disk as a guest sees it, in bytes. */
    public long virtualSize() {
        return leaf.sizeBytes();
    }

    /**
     * Returns a piece of the disk.
     *
     * @throws IndexOutOfBoundsException if the piece is not inside the disk
     */
    public byte[] read(long offset, int length) throws IOException {
        long size = virtualSize();
        if (offset < 0 || length < 0 || length > size - offset) {
            throw new IndexOutOfBoundsException(length + " bytes at " + offset + " of a disk of " + size + " bytes");
        }
        byte[] result = new byte[length];
        byte[] sector = new byte[ReferenceLayer.SECTOR_BYTES];
        int done = 0;
        while (done < length) {
            long position = offset + done;
            int within = (int) (position % sector.length);
            int count = Math.min(sector.length - within, length - done);
            leaf.readSector(position / sector.length, sector);
            System.arraycopy(sector, within, result, done, count);
            done += count;
        }
        return result;
    }

    /** Writes the whole disk to {@code out}, which stays open. */
    public void readAll(OutputStream out) throws IOException {
        long size = virtualSize();
        byte[] sector = new byte[ReferenceLayer.SECTOR_BYTES];
        for (long offset = 0; offset < size; offset += sector.length) {
            leaf.readSector(offset / sector.length, sector);
            out.write(sector, 0, (int) Math.min(sector.length, size - offset));
        }
    }

    /** Returns the SHA-256 of the whole disk, in lower-case hex. */
    public String sha256() throws IOException {
        MessageDigest digest = newSha256();
        readAll(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        return HexFormat.of().formatHex(digest.digest());
    }

    public static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() throws IOException {
        leaf.close();
    }
}
