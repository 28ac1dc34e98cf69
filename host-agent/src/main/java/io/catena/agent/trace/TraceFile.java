package io.catena.agent.trace;

import io.catena.agent.json.Json;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A file with one JSON object a line for each answer. Only its owner may read it, since answers hold new tokens. It is written
 * without fsync: it outlives the process, not the host.
 */
final class TraceFile implements AnswerTrace {
    private static final Logger LOG = Logger.getLogger(TraceFile.class.getName());

    private final Path path;
    private final FileChannel file;
    private boolean failed;

    private TraceFile(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    static TraceFile open(Path directory, String face) throws IOException {
        Path path = directory.resolve(
                "answers-" + face + "-" + ProcessHandle.current().pid() + ".jsonl");
        FileChannel file = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new TraceFile(path, file);
    }

    /** What cannot be written is said once, and nobody's request fails for it. */
    @Override
    public synchronized void sent(SentAnswer answer) {
        ByteBuffer line = ByteBuffer.wrap((Json.write(answer) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (!failed && line.hasRemaining()) {
                file.write(line);
            }
        } catch (IOException e) {
            failed = true;
            LOG.log(Level.WARNING, LogLine.of("trace-ended", "file", path), e);
        }
    }
}
