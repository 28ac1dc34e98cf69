package io.catena.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;

/** Turns names into paths below one directory, and paths into names. */
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
        return Arrays.stream(name.split("/", -1)).noneMatch(NOT_IN_NORMAL_FORM::contains);
    }

    /** Returns the path of a file that may be changed. */
    Path inside(String name) {
        if (!isInside(name)) {
            throw new IllegalArgumentException("\"" + name + "\" does not name a file inside " + path
                    + " in normal form; a file outside can only be opened read-only");
        }
        return path.resolve(name);
    }

    /** Returns the path of a file that is only read. */
    Path anywhere(String name) {
        return path.resolve(name);
    }

    /**
     * Refuses a file that has a name inside the root but is a link to one outside: to write to it would change somebody
     * else's file.
     */
    void checkNoLinkToOutside(Path file) throws IOException {
        Path real = file.toRealPath();
        if (!real.startsWith(canonical(path))) {
            throw new AccessDeniedException(
                    file.toString(),
                    real.toString(),
                    "a link to a file outside of " + path + " is not opened for writing");
        }
    }

    /** As {@link Storage#resolve}; a file outside gets its absolute path for a name. */
    String resolve(String from, String reference) throws IOException {
        Path real = canonical(parent(path.resolve(from)).resolve(parse(from, reference)));
        Path realRoot = canonical(path);
        return (real.startsWith(realRoot) ? realRoot.relativize(real) : real).toString();
    }

    private static Path parse(String from, String reference) throws IOException {
        try {
            return Path.of(reference);
        } catch (InvalidPathException e) {
            throw new IOException("what " + from + " refers to cannot be a path: " + e.getReason(), e);
        }
    }

    /** Follows links as far as that goes; what lies beyond is taken literally, and whoever opens it learns what is wrong. */
    private static Path canonical(Path path) throws IOException {
        Path existing = path;
        while (true) {
            try {
                Path real = existing.toRealPath();
                return existing.equals(path)
                        ? real
                        : real.resolve(after(existing, path)).normalize();
            } catch (FileSystemException e) {
                existing = parent(existing);
            }
        }
    }

    private static Path after(Path beginning, Path path) {
        return path.subpath(beginning.getNameCount(), path.getNameCount());
    }

    /** Returns the directory that holds a file; every absolute path but "/" has one. */
    static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "the file system's root has no parent");
    }
}
