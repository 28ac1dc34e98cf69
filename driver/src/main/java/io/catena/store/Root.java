package io.catena.store;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Turns names into paths below one directory, and paths into names; without a look at what lies there. */
final class Root {
    private static final Set<String> NOT_IN_NORMAL_FORM = Set.of("", ".", "..");

    private final Path path;

    Root(Path path) {
        this.path = path.toAbsolutePath().normalize();
    }

    Path path() {
        return path;
    }

    /** Whether {@code name} is in normal form and means something inside the root. */
    static boolean isInside(String name) {
        if (name.indexOf('\0') >= 0) {
            return false;
        }
        int from = 0;
        for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', from)) {
            if (NOT_IN_NORMAL_FORM.contains(name.substring(from, slash))) {
                return false;
            }
            from = slash + 1;
        }
        return !NOT_IN_NORMAL_FORM.contains(name.substring(from));
    }

    /** Returns the name of a file that may be changed. */
    String inside(String name) {
        if (!isInside(name)) {
            throw new IllegalArgumentException("\"" + name + "\" does not name a file inside " + path
                    + " in normal form; a file outside can only be opened read-only");
        }
        return name;
    }

    /** Returns the path of what may lie outside, as seen from where the root really is. */
    Path anywhere(String name) throws IOException {
        return real().resolve(parse(name, name)).normalize();
    }

    /**
     * As {@link Storage#resolve}; a file outside gets its absolute path for a name. Links on the way are not looked at: what
     * lies behind one is not reached anyway.
     */
    String resolve(String from, String reference) throws IOException {
        Path referred = parse(from, reference);
        Path near = Path.of(from).resolveSibling(referred).normalize();
        if (!near.isAbsolute() && !near.startsWith("..")) {
            // Wherever the root is.
            return near.toString();
        }
        Path real = real();
        Path meant = parent(real.resolve(from)).resolve(referred).normalize();
        for (Path inside : List.of(real, path)) {
            if (meant.startsWith(inside)) {
                return inside.relativize(meant).toString();
            }
        }
        return meant.toString();
    }

    private static Path parse(String from, String reference) throws IOException {
        try {
            return Path.of(reference);
        } catch (InvalidPathException e) {
            throw new IOException("what " + from + " refers to cannot be a path: " + e.getReason(), e);
        }
    }

    /** Returns the root without links in its path; a root that does not exist yet, as it was given. */
    private Path real() {
        return real(path);
    }

    /** Returns a path without links, if there is something. */
    static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path;
        }
    }

    /** Returns the directory that holds a file; every absolute path but "/" has one. */
    static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "the file system's root has no parent");
    }
}
