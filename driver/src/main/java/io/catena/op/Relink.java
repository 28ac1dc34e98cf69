package io.catena.op;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ParentLink;
import io.catena.vhd.TrailingFooter;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Takes a node out of the tree whose data its parent holds by now: its children become its parent's.
 *
 * <ol>
 *   <li>Write the new link into each child, and sync it. A cut here can leave a header that is half old, half new, and
 *       valid no more; the record holds the bytes themselves, so that recovery need not read it. The record does not tell
 *       where the footer at the end of a disk in use stands, for that moves: recovery looks for it afterwards.
 *   <li>Note the nodes that are garbage from now on, if there are some.
 *   <li>Delete the node, which nobody needs any more, and make that durable.
 * </ol>
 *
 * @param node the file that goes
 * @param children its children, and what is to be written to them
 * @param orphans what else nobody needs afterwards: nodes in a row below it, whose data its children's new parent holds
 */
public record Relink(String node, List<Child> children, List<Orphans.Orphan> orphans) implements Operation {
    /** A journal of an earlier version has no {@code orphans}. */
    @SuppressWarnings("NullAway")
    public Relink {
        Objects.requireNonNull(node, "node");
        children = List.copyOf(children);
        orphans = orphans == null ? List.of() : List.copyOf(orphans);
    }

    public Relink(String node, List<Child> children) {
        this(node, children, List.of());
    }

    /** A child and its new link. */
    public record Child(String file, List<Bytes> patches) {
        public Child {
            Objects.requireNonNull(file, "file");
            patches = List.copyOf(patches);
        }

        public static Child of(String file, List<ParentLink.Patch> patches) {
            return new Child(
                    file,
                    patches.stream().map(p -> Bytes.of(p.offset(), p.bytes())).toList());
        }

        /** Writes the link, durably. */
        public void link(Storage storage) throws IOException {
            try (BlockFile open = storage.open(file)) {
                for (Bytes bytes : patches) {
                    bytes.writeTo(open);
                }
                open.sync();
                if (patches.stream().anyMatch(bytes -> bytes.offset() == 0)) {
                    TrailingFooter.follow(open);
                }
            }
        }
    }

    @Override
    public void checkNames() {
        Names.node(node);
        children.forEach(child -> Names.node(child.file()));
    }

    @Override
    public Set<String> files() {
        Set<String> files = new HashSet<>(List.of(node));
        children.forEach(child -> files.add(child.file()));
        orphans.forEach(orphan -> files.add(orphan.file()));
        return files;
    }

    @Override
    public void apply(Storage storage) throws IOException {
        link(storage);
        remove(storage);
    }

    /** Links the children to their new parent. Readers that have the chain open as it was are not disturbed. */
    public void link(Storage storage) throws IOException {
        for (Child child : children) {
            child.link(storage);
        }
    }

    /** Deletes the node; who has it open can go on reading it. */
    public void remove(Storage storage) throws IOException {
        Orphans.add(storage, orphans);
        storage.delete(node);
        storage.syncNames();
    }
}
