package io.catena.sr.xen;

import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Names of one and the same file. XenServer's storage manager gives a disk's file its second name, a hard link, before it
 * makes the snapshot's files, and only the rename of the first of those takes the first name from it.
 */
final class SmTwins {
    private SmTwins() {}

    /** Returns the nodes' files that have several names, each as the list of its names. */
    static List<List<String>> find(Storage storage) throws IOException {
        Map<String, List<String>> byIdentity = new TreeMap<>();
        for (Map.Entry<String, Storage.Stamp> file :
                storage.stamps("", TreeScanner::isNode).entrySet()) {
            byIdentity
                    .computeIfAbsent(file.getValue().identity(), identity -> new ArrayList<>())
                    .add(file.getKey());
        }
        Collection<List<String>> all = byIdentity.values();
        return all.stream().filter(names -> names.size() > 1).toList();
    }
}
