package io.catena.harness.peer;

import java.nio.file.Path;
import java.util.List;

/**
 * A directory of VHD files made by other programs, with what is known about each.
 *
 * @param name the directory's name
 * @param description what is special about it, in a few words
 * @param directory where it was unpacked
 */
public record Fixture(String name, String description, Path directory, List<FixtureFile> files) {
    public Fixture {
        files = List.copyOf(files);
    }

    /**
     * Returns one of the files.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public FixtureFile file(String fileName) {
        for (FixtureFile file : files) {
            if (file.path().equals(directory.resolve(fileName))) {
                return file;
            }
        }
        throw new IllegalArgumentException("fixture " + name + " has no file " + fileName);
    }
}
