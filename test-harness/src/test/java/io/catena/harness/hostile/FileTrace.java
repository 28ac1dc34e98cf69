package io.catena.harness.hostile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what {@code strace -ff -y -e trace=file} wrote: which files a process opened, changed or deleted. */
final class FileTrace {
    /** Those that only look at a name, or follow it, tell nothing of what is behind it. */
    private static final Set<String> LOOKS = Set.of(
            "stat",
            "lstat",
            "newfstatat",
            "statx",
            "access",
            "faccessat",
            "faccessat2",
            "readlink",
            "readlinkat",
            "statfs",
            "getcwd",
            "name_to_handle_at",
            "getxattr",
            "lgetxattr",
            "listxattr",
            "llistxattr");

    private static final Pattern CALL = Pattern.compile("(\\w+)\\((.*)\\) += +(-?\\d+|\\?)(?:<(.*)>)?.*");
    private static final Pattern NAME =
            Pattern.compile("(?:(?:AT_FDCWD|-?\\d+)(?:<([^>]*)>)?, )?\"((?:[^\"\\\\]|\\\\.)*)\"");

    private FileTrace() {}

    /**
     * A file that was opened, changed or deleted.
     *
     * @param line of the trace
     */
    record Touch(Path file, String line) {}

    static List<Touch> read(Path directory, String name) throws IOException {
        List<Touch> touched = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, name + ".*")) {
            for (Path file : files) {
                for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                    read(line, touched);
                }
            }
        }
        return touched;
    }

    private static void read(String line, List<Touch> touched) {
        Matcher call = CALL.matcher(line);
        if (!call.matches() || call.group(3).startsWith("-") || LOOKS.contains(call.group(1))) {
            return;
        }
        if (call.group(4) != null) {
            // What was really opened, whatever it was called.
            touched.add(new Touch(Path.of(call.group(4).replace(" (deleted)", "")), line));
            return;
        }
        Matcher names = NAME.matcher(call.group(2));
        boolean isStart = call.group(1).startsWith("exec");
        while (names.find() && !(isStart && names.start() > 0)) {
            Path name = Path.of(names.group(2));
            Path base = Path.of(names.group(1) == null ? "/" : names.group(1));
            touched.add(new Touch(base.resolve(name).normalize(), line));
        }
    }
}
