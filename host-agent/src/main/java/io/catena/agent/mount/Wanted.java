package io.catena.agent.mount;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLocation;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What is to be mounted for an SR.
 *
 * @param type the file system's, as {@code mount(8)} and the table of mounts call it
 * @param source a device, or a server and its path
 * @param directory where in the file system the SR lies; "." for its root
 */
record Wanted(String type, String source, List<String> options, String directory) {
    static final String DIRECTORY = "directory";

    /** Not the root: there a file system may have files of its own, and what is not mounted cannot be taken for an SR. */
    private static final String DEFAULT_DIRECTORY = "sr";

    private static final Pattern PLAIN = Pattern.compile("\\.|[A-Za-z0-9_-][A-Za-z0-9._-]*");

    Wanted {
        options = List.copyOf(options);
    }

    static String directoryOf(SrLocation location) {
        String directory = location.config().getOrDefault(DIRECTORY, DEFAULT_DIRECTORY);
        if (!PLAIN.matcher(directory).matches()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "\"" + directory + "\" cannot be the directory of an SR in its file system")
                    .correction("Give one name of letters, digits, '.', '_' and '-'; or \".\" for the root.");
        }
        return directory;
    }

    /** Returns the SR's directory. */
    Path in(Path point) {
        return point.resolve(directory).normalize();
    }
}
