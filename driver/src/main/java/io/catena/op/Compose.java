package io.catena.op;

import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts a disk upon another, which becomes its base copy.
 *
 * <ol>
 *   <li>Write the new link into the child, and sync it. The record holds the bytes, since a cut here can leave a header
 *       that is half old, half new. From here on the child shows what its new parent holds.
 *   <li>Hide the parent, so that it is no disk any more: second, since a hidden node without children is garbage.
 *   <li>Delete the parent's record, which means nothing now, and make that durable.
 *   <li>Note the base copy that the child built on before, if nothing does any more.
 * </ol>
 *
 * @param child the file of the disk, and what is to be written to it
 * @param parent the file that becomes a base copy
 * @param record the parent's record
 * @param orphan the node on which nothing builds afterwards; null if something does, or there was none
 */
public record Compose(Relink.Child child, String parent, String record, Orphans.@Nullable Orphan orphan)
        implements Operation {
    public Compose {
        Objects.requireNonNull(child, "child");
        Objects.requireNonNull(parent, "parent");
        Objects.requireNonNull(record, "record");
    }

    @Override
    public void checkNames() {
        Names.node(child.file());
        Names.node(parent);
        Names.disksRecord(record);
    }

    @Override
    public Set<String> files() {
        return Set.of(child.file(), parent);
    }

    @Override
    public void apply(Storage storage) throws IOException {
        child.link(storage);
        takeParent(storage);
    }

    /** Takes all steps after the child was linked to its parent. */
    public void takeParent(Storage storage) throws IOException {
        HiddenFlag.set(storage, parent, true);
        storage.delete(record);
        storage.syncNames();
        if (orphan != null) {
            Orphans.add(storage, List.of(orphan));
        }
    }
}
