package io.catena.sr.tree;

import io.catena.format.DynamicHeader;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a file of an SR was when it was seen last.
 *
 * @param identity as {@link io.catena.store.Storage.FileInfo#identity}; null if it tells nothing, as of a base copy, or
 *     after the directory was copied
 * @param uniqueId from its footer; null if it has none
 * @param parent the name of the file that it built on
 */
record SeenFile(
        @Nullable String identity,
        @Nullable String uniqueId,
        @Nullable String parent) {
    /** Returns what can still be said after the directory was copied. */
    SeenFile copied() {
        return new SeenFile(null, uniqueId, parent);
    }

    /** Returns the file's identity; empty if there is no such file. */
    static Optional<String> identity(Storage storage, String name) throws IOException {
        try {
            return Optional.of(storage.info(name).identity());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    static Optional<String> uniqueId(Node node) {
        return Optional.ofNullable(node.file())
                .flatMap(file -> file.uniqueId())
                .filter(id -> !id.equals(DynamicHeader.NO_ID))
                .map(UUID::toString);
    }
}
