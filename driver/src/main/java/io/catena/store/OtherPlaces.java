package io.catena.store;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The directories outside of a storage in which it may read: those that the admin has named. */
final class OtherPlaces {
    private final ConfinedFiles.Below below;
    private final Set<Path> allowed = new LinkedHashSet<>();

    OtherPlaces(ConfinedFiles.Below below, List<Path> directories) {
        this.below = below;
        for (Path directory : directories) {
            allowed.add(directory.toAbsolutePath().normalize());
            allowed.add(Root.real(directory.toAbsolutePath().normalize()));
        }
    }

    /**
     * A file, and through what it is reached.
     *
     * @param name in {@code files}
     */
    record Place(ConfinedFiles files, String name) {}

    /**
     * Finds the way to a file.
     *
     * @param path absolute, in normal form
     * @throws NotConfinedException if no directory that may be read holds it
     */
    Place find(Path path, String name, Path root) throws NotConfinedException {
        for (Path directory : allowed) {
            if (path.startsWith(directory) && !path.equals(directory)) {
                return new Place(below.of(directory), directory.relativize(path).toString());
            }
        }
        throw new NotConfinedException(
                name,
                "lies outside of " + root + ", where nothing is opened unless the admin allows its directory:"
                        + " --allow-parent " + path.getParent());
    }
}
