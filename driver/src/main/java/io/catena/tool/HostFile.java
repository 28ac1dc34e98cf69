package io.catena.tool;

import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A file that a user names by its path: its directory as storage, and its name in there.
 *
 * @param directory where it really is
 * @param name the path's last part
 */
public record HostFile(Path directory, Storage storage, String name) {
    /**
     * Finds a file, which need not exist; its directory must. Links are followed, since a disk names its parent as seen
     * from where it really is.
     *
     * @throws IOException also if it is a directory
     */
    public static HostFile of(Path path) throws IOException {
        Path real = real(path.toAbsolutePath().normalize());
        Path directory = real.getParent();
        if (directory == null || FileStorage.isDirectory(real)) {
            throw new IOException("it is a directory, not a file");
        }
        return new HostFile(
                directory,
                new FileStorage(directory),
                Objects.requireNonNull(real.getFileName(), "name").toString());
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
