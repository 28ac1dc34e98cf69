package io.catena.harness.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An {@code nbdkit} that serves one export on a socket of its own until closed. */
public final class Nbdkit implements AutoCloseable {
    private static final Duration START_DEADLINE = Duration.ofSeconds(30);
    private static final String ANNOUNCEMENT = "serving ";

    private final BackgroundProgram program;
    private final String uri;

    private Nbdkit(BackgroundProgram program, String uri) {
        this.program = program;
        this.uri = uri;
    }

    /**
     * Starts a server and waits until it serves.
     *
     * @param plugin the plugin and its parameters, for instance {@code file}, {@code /path}
     */
    public static Nbdkit serve(String... plugin) throws IOException {
        List<String> command = new ArrayList<>(List.of("nbdkit", "-U", "-"));
        command.addAll(List.of(plugin));
        // The inner command says that the socket is there, and lets nbdkit end when its input does.
        command.addAll(List.of("--run", "echo \"" + ANNOUNCEMENT + "$uri\"; exec cat >/dev/null"));
        BackgroundProgram program = BackgroundProgram.start(command.toArray(String[]::new));
        try {
            String line = program.awaitLine(candidate -> candidate.startsWith(ANNOUNCEMENT), START_DEADLINE);
            return new Nbdkit(program, line.substring(ANNOUNCEMENT.length()));
        } catch (IOException e) {
            program.kill9();
            throw e;
        }
    }

    public String uri() {
        return uri;
    }

    @Override
    public void close() throws IOException {
        program.close();
    }
}
