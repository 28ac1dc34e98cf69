package io.catena.op;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Changes several places of one file as if at one instant.
 *
 * <ol>
 *   <li>Write all bytes, then cut the file off or let it grow. A cut in between leaves a file that is neither old nor new;
 *       the record holds all that is needed to write it again.
 *   <li>Sync.
 * </ol>
 *
 * @param sizeBytes the file's size afterwards; {@link #SIZE_STAYS} if others may make it longer meanwhile
 */
public record Rewrite(String file, List<Bytes> patches, long sizeBytes) implements Operation {
    /** The file is neither cut off nor made longer. */
    public static final long SIZE_STAYS = -1;

    public Rewrite {
        Objects.requireNonNull(file, "file");
        patches = List.copyOf(patches);
        if (sizeBytes < SIZE_STAYS) {
            throw new IllegalArgumentException("negative size: " + sizeBytes);
        }
    }

    /** Returns the same change of another file. */
    Rewrite of(String otherFile) {
        return new Rewrite(otherFile, patches, sizeBytes);
    }

    @Override
    public void checkNames() {
        Names.node(file);
    }

    @Override
    public Set<String> files() {
        return Set.of(file);
    }

    @Override
    public void apply(Storage storage) throws IOException {
        try (BlockFile open = storage.open(file)) {
            for (Bytes bytes : patches) {
                bytes.writeTo(open);
            }
            if (sizeBytes != SIZE_STAYS) {
                open.truncate(sizeBytes);
            }
            open.sync();
        }
    }
}
