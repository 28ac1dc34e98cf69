package io.catena.harness.peer;

import io.catena.agent.trace.AnswerTrace;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What agents that run as processes answer, if tests want to know: they write it into files, which end with this JVM. Begun before
 * processes are started; what is read, by one thread.
 */
public final class Traces {
    private static @Nullable TraceFiles files;

    private Traces() {}

    /** Lets the agents that are started from now on write what they answer, whichever user they run as. */
    public static synchronized void begin() throws IOException {
        if (files == null) {
            files = begun();
        }
    }

    private static TraceFiles begun() throws IOException {
        TraceFiles made = TraceFiles.make();
        Runtime.getRuntime().addShutdownHook(new Thread(made::delete, "end of traces"));
        return made;
    }

    /** Lets a process write what it answers, if it is an agent. */
    static synchronized ProcessBuilder traced(ProcessBuilder process) {
        if (files != null) {
            process.environment().put(AnswerTrace.DIRECTORY, files.directory().toString());
        }
        return process;
    }

    /**
     * Tells the lines that were written since the last call. One without an end, as its writer was killed, is none.
     *
     * @throws IOException if they cannot be read. If somebody has deleted them that is told once: others are begun
     */
    public static synchronized void forEachNewLine(Consumer<String> reader) throws IOException {
        if (files == null) {
            return;
        }
        try {
            files.forEachNewLine(reader);
        } catch (TracesGoneException e) {
            files = begun();
            throw e;
        }
    }
}
