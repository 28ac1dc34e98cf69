package io.catena.op;

import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a node away that nothing builds on.
 *
 * <ol>
 *   <li>Delete its file, and make that durable.
 *   <li>Note the base copy that lost its last child by this; not before, for who finds the note may delete that one, too.
 *   <li>Delete its records, which mean nothing without their file, and make that durable. Not before either: without its
 *       record a raw base copy would show as a disk.
 * </ol>
 *
 * @param node the file that goes
 * @param orphan the base copy that nothing builds on afterwards; null if something does, or if it cannot be noted
 * @param records the small files that tell of {@code node}; those of a snapshot that only gives up its data stay
 */
public record Remove(String node, Orphans.@Nullable Orphan orphan, List<String> records) implements Operation {
    public Remove {
        Objects.requireNonNull(node, "node");
        records = List.copyOf(records);
    }

    /** Takes away a node whose parent, if it has one, is still needed. */
    public static Remove of(String node, List<String> records) {
        return new Remove(node, null, records);
    }

    @Override
    public void checkNames() {
        Names.node(node);
        records.forEach(Names::disksRecord);
    }

    @Override
    public Set<String> files() {
        return Set.of(node);
    }

    @Override
    public void apply(Storage storage) throws IOException {
        storage.delete(node);
        storage.syncNames();
        Orphans.change(storage, List.of(node), orphan == null ? List.of() : List.of(orphan));
        for (String record : records) {
            storage.delete(record);
        }
        storage.syncNames();
    }

    @Override
    public List<String> replaced() {
        return List.of(node);
    }
}
