package io.catena.sr.tree;

import io.catena.store.Storage;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether the files of disks are those that were seen last.
 *
 * <ul>
 *   <li>A file with the same unique id is another one if its inode, or the time of that one's birth, is another: a copy of
 *       what the disk once was.
 *   <li>A file with another unique id is another one, unless it builds on what was there, or is what that was built on: so a
 *       disk looks after another manager (XenServer's) has taken snapshots of it, or merged it. But what is also there under
 *       the name that it had, or a second time, was put there by hand.
 * </ul>
 *
 * <p>What is not noticed: the same file, written in place without its unique id being changed. So do guests, and tools that
 * repair or resize; that an older copy of the disk was written over it looks the same.
 */
final class ReplacedFiles {
    /** So far down a disk's chain is looked for what it was: no manager adds so many nodes at a time. */
    private static final int MOST_LINKS = 1000;

    private final Storage storage;
    private final Map<String, SeenFile> seen;

    /** Found out when a file has another id for the first time: that there may be many such files, too, must cost little. */
    private @Nullable Map<String, Integer> idsOfNow;

    private @Nullable Set<String> idsOfThen;

    /**
     * Compares with what was seen.
     *
     * @param seen what the files were, by name
     */
    ReplacedFiles(Storage storage, Map<String, SeenFile> seen) {
        this.storage = storage;
        this.seen = seen;
    }

    /** Returns the names of the files that are other ones by now, each with what was found and what was expected. */
    SortedMap<String, String> in(Tree tree) throws IOException {
        SortedMap<String, String> replaced = new TreeMap<>();
        for (Node node : tree.nodes()) {
            @Nullable SeenFile before = seen.get(node.name());
            if (before != null && node.file() != null && !node.hidden()) {
                difference(tree, node, before).ifPresent(what -> replaced.put(node.name(), what));
            }
        }
        return replaced;
    }

    private Optional<String> difference(Tree tree, Node node, SeenFile before) throws IOException {
        @Nullable String id = SeenFile.uniqueId(node).orElse(null);
        if (!Objects.equals(id, before.uniqueId())) {
            return id != null && isDescendant(tree, node, id, before)
                    ? Optional.empty()
                    : Optional.of(told(node, "unique id " + id, "unique id " + before.uniqueId()));
        }
        Optional<String> identity = SeenFile.identity(storage, node.name());
        return before.identity() == null || identity.isEmpty() || identity.get().equals(before.identity())
                ? Optional.empty()
                : Optional.of(told(node, "file " + identity.get(), "file " + before.identity()));
    }

    private static String told(Node node, String found, String expected) {
        return node.name() + " is not the file that VDI " + node.id() + " had when it was seen last: found " + found
                + ", expected " + expected + "; it was restored, swapped or overwritten meanwhile";
    }

    private boolean isDescendant(Tree tree, Node node, String id, SeenFile before) {
        boolean isTwice = idsOfNow(tree).getOrDefault(id, 0) > 1;
        return !isTwice && !idsOfThen(tree).contains(id) && !Collections.disjoint(idsNow(tree, node), idsThen(before));
    }

    /** Returns how many files have each unique id now. */
    private Map<String, Integer> idsOfNow(Tree tree) {
        if (idsOfNow == null) {
            Map<String, Integer> counts = new HashMap<>();
            tree.nodes().forEach(node -> SeenFile.uniqueId(node).ifPresent(id -> counts.merge(id, 1, Integer::sum)));
            idsOfNow = counts;
        }
        return idsOfNow;
    }

    /** Returns the unique ids that those files had which are still there. */
    private Set<String> idsOfThen(Tree tree) {
        if (idsOfThen == null) {
            Set<String> ids = new HashSet<>();
            seen.forEach((name, file) -> {
                if (file.uniqueId() != null && tree.node(name).isPresent()) {
                    ids.add(file.uniqueId());
                }
            });
            idsOfThen = ids;
        }
        return idsOfThen;
    }

    private static Set<String> idsNow(Tree tree, Node node) {
        Set<String> ids = new HashSet<>();
        Optional<Node> at = Optional.of(node);
        for (int links = 0; at.isPresent() && links < MOST_LINKS; links++) {
            SeenFile.uniqueId(at.get()).ifPresent(ids::add);
            at = tree.parent(at.get());
        }
        return ids;
    }

    private Set<String> idsThen(SeenFile file) {
        Set<String> ids = new HashSet<>();
        Set<String> names = new HashSet<>();
        @Nullable SeenFile at = file;
        while (at != null && names.size() < MOST_LINKS) {
            if (at.uniqueId() != null) {
                ids.add(at.uniqueId());
            }
            boolean goesOn = at.parent() != null && names.add(at.parent());
            at = goesOn ? seen.get(Objects.requireNonNull(at.parent())) : null;
        }
        return ids;
    }
}
