package io.catena.agent.cli.session;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.nio.file.Path;
import java.util.Map;

/** Decides which run directory, and so which agent, a command means. */
public final class RunDirectoryChoice {
    /** That of the agent which serves the host. */
    public static final Path SYSTEM = Path.of("/run/catena");

    private RunDirectoryChoice() {}

    /** Returns the run directory for a user who named none on the command line. */
    public static Path of(Map<String, String> environment, String user) {
        String chosen = environment.getOrDefault("CATENA_RUN_DIR", "");
        if (!chosen.isEmpty()) {
            return Path.of(chosen);
        }
        if (user.equals("root")) {
            return SYSTEM;
        }
        String ofUser = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (!ofUser.isEmpty()) {
            return Path.of(ofUser, "catena");
        }
        throw new SrException(SrError.BAD_REQUEST, "No run directory is known: XDG_RUNTIME_DIR is not set")
                .correction("Give --run-dir DIR, or set CATENA_RUN_DIR.");
    }
}
