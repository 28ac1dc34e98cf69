package io.catena.tool;

import io.catena.store.ConfinedFiles;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A file that a user names by its path: its directory as storage, and its name in there.
 *
 * @param directory where it really is
 * @param name the path's last part
 * @param below how files are reached
 * @param allowed other directories in which it may have ancestors
 */
public record HostFile(Path directory, Storage storage, String name, ConfinedFiles.Below below, List<Path> allowed) {
    public HostFile {
        allowed = List.copyOf(allowed);
    }

    /** Finds a file whose ancestors are in the same directory, see {@link #of(Path, List, ConfinedFiles.Below)}. */
    public static HostFile of(Path path) throws IOException {
        return of(path, List.of());
    }

    /** As {@link #of(Path, List, ConfinedFiles.Below)}, with what Java alone can do. */
    public static HostFile of(Path path, List<Path> allowed) throws IOException {
        return of(path, allowed, FileStorage.JAVA_ALONE);
    }

    /**
     * Finds a file, which need not exist; its directory must. Links in the path are followed, since the user gave it, and a
     * disk names its parent as seen from where it really is; what a disk names is reached without links.
     *
     * @param allowed other directories in which it may have ancestors
     * @param below how files are reached
     * @throws IOException also if it is a directory
     */
    public static HostFile of(Path path, List<Path> allowed, ConfinedFiles.Below below) throws IOException {
        Path real = real(path.toAbsolutePath().normalize());
        Path directory = real.getParent();
        if (directory == null || FileStorage.isDirectory(real)) {
            throw new IOException("it is a directory, not a file");
        }
        return new HostFile(
                directory,
                new FileStorage(directory, below, allowed),
                Objects.requireNonNull(real.getFileName(), "name").toString(),
                below,
                allowed);
    }

    /** Returns this file, with the directory of another file that the user names allowed too. */
    public HostFile with(Path other) throws IOException {
        List<Path> all = new ArrayList<>(allowed);
        all.add(of(other).directory());
        return new HostFile(directory, new FileStorage(directory, below, all), name, below, all);
    }

    /** Returns the name that {@link #storage} has for another file, which may be in another directory. */
    public String nameOf(Path other) throws IOException {
        return directory.relativize(real(other.toAbsolutePath().normalize())).toString();
    }

    private static Path real(Path path) throws IOException {
        try {
            return path.toRealPath();
        } catch (NoSuchFileException e) {
            Path directory = path.getParent();
            if (directory == null) {
                throw e;
            }
            return directory.toRealPath().resolve(path.getFileName());
        }
    }
}
