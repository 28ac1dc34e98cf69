package io.catena.api;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Where an SR lies.
 *
 * @param type what kind of place that is, for instance {@link #FILE}
 * @param config what a host of that type needs to know to reach it, for instance the name of a server
 */
public record SrLocation(String type, Map<String, String> config) {
    /** A directory of this host, which is at {@code path}. */
    public static final String FILE = "file";

    private static final String PATH = "path";

    public SrLocation {
        config = Map.copyOf(config);
    }

    /** Returns a directory of this host. */
    public static SrLocation file(Path directory) {
        return new SrLocation(FILE, Map.of(PATH, directory.toString()));
    }

    /**
     * Returns the directory that this is.
     *
     * @throws SrException if it is none
     */
    public Path directory() {
        if (!type.equals(FILE)) {
            throw new SrException(SrError.BAD_REQUEST, "SRs of type \"" + type + "\" cannot be reached here");
        }
        allowOnly(Set.of(PATH));
        try {
            Path directory = Path.of(required(PATH));
            if (directory.isAbsolute()) {
                return directory;
            }
        } catch (InvalidPathException e) {
            throw new SrException(SrError.BAD_REQUEST, "The path cannot be the name of a directory", e);
        }
        throw new SrException(SrError.BAD_REQUEST, "The path is not absolute");
    }

    /**
     * Returns what is said of a key.
     *
     * @throws SrException if nothing is
     */
    public String required(String key) {
        String value = config.get(key);
        if (value == null || value.isEmpty()) {
            throw new SrException(SrError.BAD_REQUEST, "An SR of type \"" + type + "\" needs \"" + key + "\"")
                    .correction("Add \"" + key + "\" to its configuration.");
        }
        return value;
    }

    /**
     * Refuses what would be overlooked, such as a misspelt key.
     *
     * @throws SrException if there are other keys than these
     */
    public void allowOnly(Set<String> keys) {
        Set<String> unknown = new TreeSet<>(config.keySet());
        unknown.removeAll(keys);
        if (!unknown.isEmpty()) {
            throw new SrException(
                            SrError.BAD_REQUEST, "An SR of type \"" + type + "\" has no " + String.join(", ", unknown))
                    .correction("What it has: " + String.join(", ", new TreeSet<>(keys)));
        }
    }

    /** Returns this for humans. */
    public String text() {
        return type + new TreeMap<>(config);
    }
}
