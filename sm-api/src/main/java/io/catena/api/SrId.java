package io.catena.api;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The identity of a storage repository. */
public record SrId(UUID uuid) implements Comparable<SrId> {
    public SrId {
        Objects.requireNonNull(uuid, "uuid");
    }

    /**
     * Reads the form that {@link #toString} writes.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if {@code text} is not a UUID in its 36-character form
     */
    public static SrId parse(String text) {
        return new SrId(Uuids.parse(text));
    }

    /** In the order of the text form. */
    @Override
    public int compareTo(SrId other) {
        return Uuids.compare(uuid, other.uuid);
    }

    /**
     * As the compiler would have it. What it makes instead is put together when it is called first, which takes milliseconds
     * for which guests wait while an agent starts.
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SrId id && uuid.equals(id.uuid);
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
