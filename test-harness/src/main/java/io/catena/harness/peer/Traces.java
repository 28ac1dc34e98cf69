package io.catena.harness.peer;

import io.catena.agent.trace.AnswerTrace;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What agents that run as processes answer, if tests want to know: they write it into files, which end with this JVM. Begun before
 * processes are started; what is read, by one thread.
 */
public final class Traces {
    private static final int PIECE_BYTES = 16 << 20;

    private static @Nullable Path directory;

    /** How far each file was read. */
    private static final Map<Path, Long> READ = new ConcurrentHashMap<>();

    private Traces() {}

    /** Lets the agents that are started from now on write what they answer, whichever user they run as. */
    public static synchronized void begin() throws IOException {
        if (directory == null) {
            Path made = Files.createTempDirectory("catena-trace");
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxrwxrwx"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(made), "end of traces"));
            directory = made;
        }
    }

    private static void delete(Path made) {
        try (Stream<Path> files = Files.list(made)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(made);
        } catch (IOException e) {
            // An agent still writes; the directory of temporary files is emptied by others.
        }
    }

    /** Lets a process write what it answers, if it is an agent. */
    static synchronized ProcessBuilder traced(ProcessBuilder process) {
        if (directory != null) {
            process.environment().put(AnswerTrace.DIRECTORY, directory.toString());
        }
        return process;
    }

    /** Tells the lines that were written since the last call. One without an end, as its writer was killed, is none. */
    public static synchronized void forEachNewLine(Consumer<String> reader) throws IOException {
        if (directory != null) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    read(file, reader);
                }
            }
        }
    }

    private static void read(Path path, Consumer<String> reader) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            String lines = piece(path, file);
            while (!lines.isEmpty()) {
                lines.lines().forEach(reader);
                lines = piece(path, file);
            }
        }
    }

    /** Returns the next whole lines. */
    private static String piece(Path path, RandomAccessFile file) throws IOException {
        long from = READ.getOrDefault(path, 0L);
        byte[] bytes = new byte[(int) Math.min(PIECE_BYTES, file.length() - from)];
        file.seek(from);
        file.readFully(bytes);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        READ.put(path, from + end);
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
