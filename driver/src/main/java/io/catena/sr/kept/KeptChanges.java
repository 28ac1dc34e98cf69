package io.catena.sr.kept;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import io.catena.api.VdiId;
import io.catena.change.Grains;
import java.io.IOException;
import java.util.Base64;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a snapshot whose data was given up.
 *
 * <p>What the first of its anchors that is there shows differs from what the snapshot held in {@code changed} at most. So what
 * another disk and the snapshot differ in lies in {@code changed}, or where the disk and the anchor differ, and the nodes tell
 * the latter.
 *
 * @param sizeBytes of the snapshot
 * @param anchors base copies; the second counts once a merge has taken the first away. None if nothing is known
 * @param changed grains of 64 KiB
 */
public record KeptChanges(VdiId snapshot, long sizeBytes, List<Anchor> anchors, BitSet changed) {
    private static final Gson GSON = new Gson();
    private static final int VERSION = 1;

    /** As many as {@link Grains} can count. */
    private static final long MOST_DISK_BYTES = (long) Grains.BYTES * Integer.MAX_VALUE;

    private static final int MOST_ANCHORS = 2;

    /** Of a file's name and a UUID. */
    private static final int MOST_ANCHOR_CHARACTERS = 300;

    public KeptChanges {
        anchors = List.copyOf(anchors);
        changed = (BitSet) changed.clone();
    }

    /**
     * A base copy.
     *
     * @param node the name of its file
     * @param uniqueId in its footer; null if it is raw
     */
    public record Anchor(String node, @Nullable String uniqueId) {
        public Anchor {
            Objects.requireNonNull(node, "node");
        }

        private int length() {
            return node.length() + (uniqueId == null ? 0 : uniqueId.length());
        }

        public static Anchor of(String node, Optional<UUID> uniqueId) {
            return new Anchor(node, uniqueId.map(UUID::toString).orElse(null));
        }
    }

    /** Returns what is kept when nothing is known any more. */
    public KeptChanges unknown() {
        return new KeptChanges(snapshot, sizeBytes, List.of(), new BitSet());
    }

    /** Returns this with other anchors, which differ from the snapshot in {@code more}, too. */
    public KeptChanges movedTo(List<Anchor> others, BitSet more) {
        BitSet all = (BitSet) changed.clone();
        all.or(more);
        int grains = Grains.count(sizeBytes);
        all.clear(grains, Math.max(grains, all.length()));
        return new KeptChanges(snapshot, sizeBytes, others, all);
    }

    /** As it stands in its file. */
    private record Stored(int version, String snapshot, long sizeBytes, List<Anchor> anchors, String changed) {}

    /** Returns this as text: the CRC-32C of the second line, and that line. */
    String encode() {
        String body = GSON.toJson(new Stored(
                VERSION,
                snapshot.toString(),
                sizeBytes,
                anchors,
                Base64.getEncoder().encodeToString(changed.toByteArray())));
        return checksum(body) + "\n" + body;
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IOException if it is anything else
     */
    static KeptChanges decode(VdiId snapshot, String text) throws IOException {
        int end = text.indexOf('\n');
        String body = text.substring(end + 1);
        if (end < 0 || !text.substring(0, end).equals(checksum(body))) {
            throw new IOException("its checksum is not that of its content");
        }
        try {
            Stored stored = GSON.fromJson(body, Stored.class);
            if (stored.version() != VERSION || !snapshot.toString().equals(stored.snapshot())) {
                throw new IOException("it is of version " + stored.version() + " and of " + stored.snapshot()
                        + ", expected version " + VERSION + " of " + snapshot);
            }
            BitSet changed = BitSet.valueOf(Base64.getDecoder().decode(stored.changed()));
            if (stored.sizeBytes() < 0
                    || stored.sizeBytes() > MOST_DISK_BYTES
                    || stored.anchors().size() > MOST_ANCHORS
                    || stored.anchors().stream().anyMatch(anchor -> anchor.length() > MOST_ANCHOR_CHARACTERS)) {
                throw new IOException("it tells of " + stored.sizeBytes() + " bytes and "
                        + stored.anchors().size() + " anchors, which no snapshot has");
            }
            return new KeptChanges(snapshot, stored.sizeBytes(), stored.anchors(), changed);
        } catch (RuntimeException e) {
            // Gson throws what it likes.
            throw new IOException("it is no record of changes: " + e.getMessage(), e);
        }
    }

    private static String checksum(String body) {
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(UTF_8));
        return Long.toHexString(crc.getValue());
    }
}
