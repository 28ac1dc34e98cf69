package io.catena.agent.trace;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/** Is told of every answer of the API before the client has its end. Safe for use by many threads. */
public interface AnswerTrace {
    /** Environment variable: a directory. Each agent writes a file in it with what it answers. */
    String DIRECTORY = "CATENA_TRACE";

    void sent(SentAnswer answer);

    /**
     * Returns who is to be told: a service on the class path, or else a file in the directory that {@value #DIRECTORY} names.
     *
     * @param face over which the answers go
     * @throws IOException if the file cannot be made
     */
    static Optional<AnswerTrace> find(String face) throws IOException {
        Optional<AnswerTrace> service = ServiceLoader.load(AnswerTrace.class, AnswerTrace.class.getClassLoader())
                .findFirst();
        String directory = System.getenv(DIRECTORY);
        if (service.isPresent() || directory == null || directory.isEmpty()) {
            return service;
        }
        return Optional.of(TraceFile.open(Path.of(directory), face));
    }
}
