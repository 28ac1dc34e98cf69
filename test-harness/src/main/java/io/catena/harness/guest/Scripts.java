package io.catena.harness.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** The shell scripts beside this package's classes. */
final class Scripts {
    private Scripts() {}

    /** Puts a script into a directory, which is made if it is absent, and returns its path. */
    static Path unpack(String name, Path directory) throws IOException {
        Path script = Files.createDirectories(directory).resolve(name);
        String resource = "/io/catena/harness/guest/" + name;
        try (InputStream in = Objects.requireNonNull(Scripts.class.getResourceAsStream(resource), resource)) {
            Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
        }
        return script;
    }
}
