package io.catena.harness.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Programs for Node.js that are brought when a test runs, in the versions that a {@code package.json} names. */
public final class Npm {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private Npm() {}

    /**
     * Installs what a directory's {@code package.json} names into that directory, unless it is there. Scripts of packages are
     * not run.
     *
     * @param one the name of one of the packages
     */
    public static void install(Path directory, String one) throws IOException {
        if (!Files.exists(directory.resolve("node_modules").resolve(one).resolve("package.json"))) {
            Programs.run(
                    PATIENCE,
                    "npm",
                    "install",
                    "--prefix",
                    directory.toString(),
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund");
        }
    }
}
