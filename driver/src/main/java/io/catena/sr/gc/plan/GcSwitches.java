package io.catena.sr.gc.plan;

import io.catena.api.GcSettings;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.record.MirrorMark;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tells what must not be merged because somebody switched it off, for the SR or for a disk, or a file is behind its redo log. A disk's switches are its keys
 * "gc", "coalesce" and "leaf-coalesce", as those of XenServer's manager; snapshots leave them as they are. What a storage
 * migration will put upon another base copy stays apart from the one it has, too. For one tree, and one thread.
 */
final class GcSwitches {
    private static final Set<String> OFF = Set.of("false", "off", "0", "no");

    private final Function<Node, Map<String, String>> keys;
    private final FilesBehind behind;

    /** By the names of disks and of what they build on; null until it is asked for. */
    private @Nullable Map<String, String> switchedOff;

    /**
     * @param keys the keys of a disk
     */
    GcSwitches(Function<Node, Map<String, String>> keys, FilesBehind behind) {
        this.keys = keys;
        this.behind = behind;
    }

    /** Returns why a node must not be merged with its parent; empty if nobody minds. */
    Optional<String> refusal(GcSettings settings, Tree tree, Node node) {
        if (!settings.coalesce()) {
            return Optional.of("merging is switched off for this SR (coalesce)");
        }
        if (!behind.lostIn(tree).isEmpty()) {
            return Optional.of(String.join(", ", behind.lostIn(tree).keySet())
                    + " lacks writes that were answered, see the SR's health");
        }
        if (!behind.in(tree).isEmpty()) {
            return Optional.of("what guests wrote last to " + String.join(", ", behind.in(tree))
                    + " is in a redo log, and not in the file");
        }
        boolean isLeaf = !node.hidden();
        if (isLeaf && !settings.leafCoalesce()) {
            return Optional.of("merging disks with their base copies is switched off for this SR (leaf-coalesce)");
        }
        if (isLeaf && isOff(node, "leaf-coalesce")) {
            return Optional.of("switched off for this disk (leaf-coalesce)");
        }
        if (isLeaf && MirrorMark.isIn(keys.apply(node))) {
            return Optional.of("the disk is the target of a storage migration (base_mirror)");
        }
        return byDisksAbove(tree, node);
    }

    private Optional<String> byDisksAbove(Tree tree, Node node) {
        Map<String, String> known = switchedOff;
        if (known == null) {
            known = findSwitchedOff(tree);
            switchedOff = known;
        }
        return Optional.ofNullable(known.get(node.name()));
    }

    /** Goes down from each disk that is switched off; below a node that is met a second time all are known. */
    private Map<String, String> findSwitchedOff(Tree tree) {
        Map<String, String> found = new HashMap<>();
        for (Node disk : tree.nodes()) {
            if (disk.hidden() || !(isOff(disk, "coalesce") || isOff(disk, "gc"))) {
                continue;
            }
            String why = "switched off for VDI " + disk.id() + " (coalesce or gc)";
            Optional<Node> at = Optional.of(disk);
            while (at.isPresent() && found.putIfAbsent(at.get().name(), why) == null) {
                at = tree.parent(at.get());
            }
        }
        return found;
    }

    private boolean isOff(Node node, String key) {
        return OFF.contains(keys.apply(node).getOrDefault(key, "true").toLowerCase(Locale.ROOT));
    }
}
