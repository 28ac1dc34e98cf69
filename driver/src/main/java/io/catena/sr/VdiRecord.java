package io.catena.sr;

import io.catena.api.VdiId;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a VDI that its file does not tell.
 *
 * @param snapshotOf the id of the VDI it is a snapshot of
 * @param created ISO 8601
 */
record VdiRecord(
        String name,
        String description,
        @Nullable String snapshotOf,
        @Nullable String created) {

    /**
     * @throws RuntimeException if a file says what cannot be
     */
    VdiRecord {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(description, "description");
        if (snapshotOf != null) {
            snapshotOf = UUID.fromString(snapshotOf).toString();
        }
        if (created != null) {
            created = Instant.parse(created).toString();
        }
    }

    static VdiRecord of(String name, String description, @Nullable VdiId snapshotOf, Instant created) {
        return new VdiRecord(name, description, snapshotOf == null ? null : snapshotOf.toString(), created.toString());
    }

    @Nullable
    VdiId snapshotOfId() {
        return snapshotOf == null ? null : new VdiId(UUID.fromString(snapshotOf));
    }

    @Nullable
    Instant createdAt() {
        return created == null ? null : Instant.parse(created);
    }
}
