package io.catena.op;

import java.util.Collection;
import java.util.List;

/**
 * Checks the names in a journal before any of them is used. The journal's place is the agent's own, but a damaged or planted
 * one must not make it rename or delete what is not a disk.
 */
final class Names {
    private static final String OWN = ".catena";
    private static final String PREPARED = OWN + "/tmp/";
    private static final String RECORDS = OWN + "/vdi/";
    private static final int MAX_BYTES = 255;

    private Names() {}

    /** A disk's file stands in the repository's directory itself. */
    static void node(String name) {
        if (!isPlain(name) || name.startsWith(OWN)) {
            throw new IllegalArgumentException("\"" + name + "\" is not the name of a disk's file");
        }
    }

    /** A file that is laid ready stands where nothing is trusted, or beside the disks. */
    static void prepared(String name) {
        node(name.startsWith(PREPARED) ? name.substring(PREPARED.length()) : name);
    }

    static void disksRecord(String name) {
        if (!name.startsWith(RECORDS) || !isPlain(name.substring(RECORDS.length()))) {
            throw new IllegalArgumentException("\"" + name + "\" is not the name of a disk's record");
        }
    }

    static void nodes(Collection<String> names) {
        names.forEach(Names::node);
    }

    private static boolean isPlain(String name) {
        return !name.isEmpty()
                && name.length() <= MAX_BYTES
                && name.chars().noneMatch(c -> c == '/' || c < ' ')
                && !List.of(".", "..").contains(name);
    }
}
