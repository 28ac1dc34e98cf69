package io.catena.harness.smapiv1;

import io.catena.harness.peer.reference.ReferenceReader;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * What each disk has to hold after the calls that were made, whatever files it is in: the recording tells nothing of contents, but a
 * snapshot or clone holds what its source held, and a disk that grows gets zeros.
 */
final class ExpectedContents {
    private final Map<String, byte[]> contents = new TreeMap<>();

    void create(String disk, int sizeBytes) {
        contents.put(disk, new byte[sizeBytes]);
    }

    void write(String disk, int offset, byte[] bytes) {
        System.arraycopy(bytes, 0, of(disk), offset, bytes.length);
    }

    void copy(String from, String to) {
        contents.put(to, of(from).clone());
    }

    void resize(String disk, int sizeBytes) {
        contents.put(disk, Arrays.copyOf(of(disk), sizeBytes));
    }

    void delete(String disk) {
        contents.remove(disk);
    }

    Set<String> disks() {
        return Set.copyOf(contents.keySet());
    }

    /** Returns the digest of a disk in hexadecimal. */
    String sha256(String disk) {
        MessageDigest digest = ReferenceReader.newSha256();
        return HexFormat.of().formatHex(digest.digest(of(disk)));
    }

    private byte[] of(String disk) {
        return Objects.requireNonNull(contents.get(disk), disk);
    }
}
