package io.catena.api;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The identity of a virtual disk image. */
public record VdiId(UUID uuid) implements Comparable<VdiId> {
    public VdiId {
        Objects.requireNonNull(uuid, "uuid");
    }

    /**
     * Reads the form that {@link #toString} writes.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if {@code text} is not a UUID in its 36-character form
     */
    public static VdiId parse(String text) {
        return new VdiId(Uuids.parse(text));
    }

    /**
     * Returns the identity of the disk that a client asks an SR for under a name of its own, the same whenever it asks: a
     * name-based UUID (RFC 9562, version 3).
     */
    public static VdiId ofClientName(SrId sr, String clientName) {
        byte[] name = (sr + "/" + clientName).getBytes(StandardCharsets.UTF_8);
        return new VdiId(UUID.nameUUIDFromBytes(name));
    }

    /** In the order of the text form. */
    @Override
    public int compareTo(VdiId other) {
        return Uuids.compare(uuid, other.uuid);
    }

    /**
     * As the compiler would have it. What it makes instead is put together when it is called first, which takes milliseconds
     * for which guests wait while an agent starts.
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof VdiId id && uuid.equals(id.uuid);
    }

    @Override
    public int hashCode() {
        return uuid.hashCode();
    }

    @Override
    public String toString() {
        return uuid.toString();
    }
}
