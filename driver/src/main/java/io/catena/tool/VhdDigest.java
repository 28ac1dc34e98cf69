package io.catena.tool;

import io.catena.disk.BlockDevice;
import io.catena.store.Storage;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The fingerprint of what a guest sees in a disk. */
public final class VhdDigest {
    private VhdDigest() {}

    /**
     * Returns the SHA-256 of all bytes of a disk, read through its chain, in lower-case hex.
     *
     * @throws IOException if any of them cannot be read
     */
    public static String sha256(Storage storage, String name) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            return sha256(chain.disk());
        }
    }

    private static String sha256(BlockDevice disk) throws IOException {
        MessageDigest digest = newSha256();
        VhdRead.copy(disk, 0, disk.sizeBytes(), new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
