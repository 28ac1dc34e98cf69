package io.catena.sr.tree;

import io.catena.format.DynamicHeader;
import io.catena.sr.record.FileWatch;
import io.catena.sr.record.NameRoom;
import io.catena.store.Storage;
import io.catena.vhd.PendingRewrite;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.time.Clock;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Keeps a tree up to date with the files of its SR, at the cost of what changed: a file that did not is looked at, not read.
 * {@link FileWatch} says what that can miss.
 *
 * <p><b>Threads.</b> Used by who has the SR's turn only.
 */
final class TreeWatch {
    private final TreeScanner scanner;
    private final FileWatch files;

    /** The files that were looked into, and have not changed since. */
    private final Set<String> lookedInto = new HashSet<>();

    TreeWatch(Storage storage, TreeScanner scanner, NameRoom room, Clock clock) {
        this.scanner = scanner;
        this.files = new FileWatch(storage, "", TreeWatch::isWatched, room, clock);
    }

    private static boolean isWatched(String name) {
        return TreeScanner.isNode(name) || name.endsWith(PendingRewrite.SUFFIX);
    }

    /**
     * What a look has found.
     *
     * @param tree without what was found inside of files
     * @param lookedInto the files that were looked into
     * @param broken those of them that have a problem
     */
    record Findings(Tree tree, Set<String> lookedInto, List<Node> broken) {}

    /** Looks at all files; looks into none. */
    Tree scan() throws IOException {
        files.changes();
        lookedInto.clear();
        return scanner.scan();
    }

    /**
     * Reads the files again that changed, and those whose parents may be others because of it, and looks into them.
     *
     * <ol>
     *   <li>Ask what changed, before anything is read.
     *   <li>Read those files, and those of which no stamp tells all: files with a problem, which may lie in another file; raw
     *       ones, whose record counts; those that build on a file outside of the SR; those that share an id with another.
     *   <li>Read the files that build on any of these, or name the unique id of one, before or now, as their parent's.
     *   <li>Look into what was read, and what was not looked into yet.
     * </ol>
     *
     * @param skipped the files that are not to be opened
     */
    Findings look(Tree before, Set<String> skipped) throws IOException {
        Set<String> changed = new TreeSet<>();
        for (String name : files.changes()) {
            changed.add(name.endsWith(PendingRewrite.SUFFIX) ? PendingRewrite.fileOf(name) : name);
        }
        changed.removeIf(name -> !TreeScanner.isNode(name));
        for (Node node : before.nodes()) {
            if (needsMoreThanAStamp(before, node)) {
                changed.add(node.name());
            }
        }
        Set<UUID> ids = uniqueIds(before, changed);
        Tree tree = scanner.refresh(before, changed);
        ids.addAll(uniqueIds(tree, changed));
        Set<String> children = children(tree, changed, ids);
        tree = scanner.refresh(tree, children);
        changed.addAll(children);
        return lookInside(tree, changed, skipped);
    }

    private static boolean needsMoreThanAStamp(Tree tree, Node node) {
        boolean outside = node.parent() != null && tree.node(node.parent()).isEmpty();
        return node.problem() != null
                || node.file() == null
                || node.file().headers() == null
                || outside
                || TreeScanner.isTwin(node);
    }

    private static Set<UUID> uniqueIds(Tree tree, Collection<String> names) {
        Set<UUID> ids = new HashSet<>();
        for (String name : names) {
            tree.node(name)
                    .map(Node::file)
                    .ifPresent(file -> ids.add(file.uniqueId().orElse(DynamicHeader.NO_ID)));
        }
        return ids;
    }

    private static Set<String> children(Tree tree, Set<String> parents, Set<UUID> ids) {
        Set<String> children = new TreeSet<>();
        for (Node node : tree.nodes()) {
            VhdHeaders headers = node.file() == null ? null : node.file().headers();
            boolean differencing = headers != null && headers.header() != null && headers.isDifferencing();
            boolean named = node.parent() != null && parents.contains(node.parent());
            if (!parents.contains(node.name())
                    && headers != null
                    && headers.header() != null
                    && (named || (differencing && ids.contains(headers.header().parentId())))) {
                children.add(node.name());
            }
        }
        return children;
    }

    private Findings lookInside(Tree tree, Set<String> changed, Set<String> skipped) {
        lookedInto.removeAll(changed);
        lookedInto.removeIf(name -> tree.node(name).isEmpty());
        Set<String> names = new TreeSet<>();
        for (Node node : tree.nodes()) {
            if (!lookedInto.contains(node.name()) && !skipped.contains(node.name())) {
                names.add(node.name());
            }
        }
        return new Findings(tree, names, scanner.lookInside(tree, names));
    }

    /**
     * Returns the tree with what was found.
     *
     * @param opened the files that somebody opened meanwhile: what was seen in them may be half of what he did. The next look
     *     looks into them
     */
    Tree take(Findings found, Set<String> opened) {
        found.lookedInto().stream().filter(name -> !opened.contains(name)).forEach(lookedInto::add);
        List<Node> broken = found.broken().stream()
                .filter(node -> !opened.contains(node.name()))
                .toList();
        return found.tree().with(broken.stream().map(Node::name).toList(), broken);
    }
}
