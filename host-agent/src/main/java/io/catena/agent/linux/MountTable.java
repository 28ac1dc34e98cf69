package io.catena.agent.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What was mounted in this process's view of the files when the table was read.
 *
 * <p>Source: {@code proc_pid_mountinfo(5)}.
 */
public record MountTable(List<Mount> mounts) {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");

    public MountTable {
        mounts = List.copyOf(mounts);
    }

    /**
     * One mount.
     *
     * @param source for instance a device
     * @param options of the mount and of the file system
     */
    public record Mount(Path point, String type, String source, Set<String> options) {
        public Mount {
            options = Set.copyOf(options);
        }
    }

    /** Reads the table. */
    public static MountTable read() throws IOException {
        return parse(Files.readAllBytes(TABLE));
    }

    /**
     * Takes a table for what it is, whatever it holds: by FUSE any user mounts something, at a place and under a name of any bytes but
     * those that the kernel escapes, which are blanks, tabs and ends of lines.
     */
    static MountTable parse(byte[] table) {
        List<Mount> mounts = new ArrayList<>();
        for (String line : new String(table, StandardCharsets.UTF_8).split("\n", -1)) {
            if (!line.isEmpty()) {
                mounts.add(decode(line));
            }
        }
        return new MountTable(mounts);
    }

    /** {@code ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS} */
    static Mount decode(String line) {
        String[] fields = line.split(" ", -1);
        int dash = 6;
        while (!fields[dash].equals("-")) {
            dash++;
        }
        Set<String> options = new TreeSet<>(List.of(fields[5].split(",", -1)));
        options.addAll(List.of(fields[dash + 3].split(",", -1)));
        return new Mount(Path.of(unescaped(fields[4])), fields[dash + 1], unescaped(fields[dash + 2]), options);
    }

    /** Blanks and the like are three octal digits after a backslash. */
    private static String unescaped(String field) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\' && i + 3 < field.length()) {
                text.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    /** Whether something of a type is mounted at a place. */
    public boolean isMounted(Path point, String type) {
        return mounts.stream().anyMatch(mount -> mount.point.equals(point) && mount.type.equals(type));
    }

    /** Returns where something of a type is mounted in a directory. */
    public List<Path> within(Path directory, String type) {
        return mounts.stream()
                .filter(mount -> directory.equals(mount.point.getParent()) && mount.type.equals(type))
                .map(Mount::point)
                .toList();
    }

    /** Returns where a device is mounted. What programs serve by FUSE is left out: they call their source as they like. */
    public List<Path> of(Path device) {
        return mounts.stream()
                .filter(mount -> mount.source.equals(device.toString()))
                .filter(mount -> !mount.type.equals("fuse") && !mount.type.startsWith("fuse."))
                .map(Mount::point)
                .toList();
    }

    /** Returns what is mounted right at a place: of several the last, which hides the others. */
    public Optional<Mount> at(Path point) {
        return mounts.stream().filter(mount -> mount.point.equals(point)).reduce((hidden, seen) -> seen);
    }

    /** Returns the mount that a file, by its real path, is on. */
    public Optional<Mount> holding(Path file) {
        Path place = file;
        while (place != null) {
            Optional<Mount> mount = at(place);
            if (mount.isPresent()) {
                return mount;
            }
            place = place.getParent();
        }
        return Optional.empty();
    }
}
