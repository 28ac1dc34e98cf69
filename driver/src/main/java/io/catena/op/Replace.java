package io.catena.op;

import io.catena.store.Storage;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives a disk another content: an empty file that builds on what the disk is to show takes the place of the disk's own.
 *
 * <ol>
 *   <li>Rename the prepared file to the disk's name, and make that durable. A file of that name is gone at the same
 *       instant, so the disk has its old content or the new at every moment.
 *   <li>Delete the disk's old file, if that had another name; until then two files claim to be the disk.
 *   <li>Note the base copy that lost its last child by this, if one did.
 * </ol>
 *
 * @param prepared the empty file, durably laid ready
 * @param name what it is to be called
 * @param old the disk's file as it was called before
 * @param orphan what nothing builds on afterwards; null if something does
 */
public record Replace(String prepared, String name, String old, Orphans.@Nullable Orphan orphan) implements Operation {
    @Override
    public void checkNames() {
        Names.prepared(prepared);
        Names.node(name);
        Names.node(old);
    }

    @Override
    public Set<String> files() {
        return new HashSet<>(List.of(name, old));
    }

    @Override
    public void apply(Storage storage) throws IOException {
        if (storage.exists(prepared)) {
            storage.rename(prepared, name);
        }
        storage.syncNames();
        if (!old.equals(name)) {
            storage.delete(old);
            storage.syncNames();
        }
        if (orphan != null) {
            Orphans.add(storage, List.of(orphan));
        }
    }

    @Override
    public List<String> replaced() {
        return List.of(name, old);
    }
}
