package io.catena.harness.sim;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;

/**
 * Turns names into absolute paths below the place where a storage is mounted, and paths into names.
 *
 * @param path absolute, without a "/" at its end
 */
record SimulatedRoot(String path) {
    private static final Set<String> NOT_IN_NORMAL_FORM = Set.of("", ".", "..");

    void checkInside(String name) {
        if (Arrays.stream(name.split("/", -1)).anyMatch(NOT_IN_NORMAL_FORM::contains)) {
            throw new IllegalArgumentException("\"" + name + "\" does not name a file inside " + path
                    + " in normal form; a file outside can only be opened read-only");
        }
    }

    /** Returns the path that {@code name}, relative to the root or absolute, means. */
    String absolute(String name) {
        return normal(name.startsWith("/") ? name : path + "/" + name);
    }

    /** Returns the name of a path: relative inside the root, else the path itself. */
    String nameOf(String absolutePath) {
        if (absolutePath.equals(path)) {
            return "";
        }
        return absolutePath.startsWith(path + "/") ? absolutePath.substring(path.length() + 1) : absolutePath;
    }

    String resolve(String from, String reference) throws IOException {
        if (reference.indexOf('\0') >= 0) {
            throw new IOException("what " + from + " refers to cannot be a path: it has a NUL character");
        }
        return nameOf(normal(reference.startsWith("/") ? reference : absolute(from) + "/../" + reference));
    }

    private static String normal(String absolutePath) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : absolutePath.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }
}
