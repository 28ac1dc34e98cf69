package io.catena.harness.peer;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A directory into which agents write, whichever users they run as, and how far it was read. For one thread. */
final class TraceFiles {
    private static final int PIECE_BYTES = 16 << 20;

    private final Path directory;

    /** How far each file was read. */
    private final Map<Path, Long> read = new HashMap<>();

    private TraceFiles(Path directory) {
        this.directory = directory;
    }

    static TraceFiles make() throws IOException {
        Path made = Files.createTempDirectory("catena-trace");
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxrwxrwx"));
        return new TraceFiles(made);
    }

    Path directory() {
        return directory;
    }

    /**
     * Tells the lines that were written since the last call. One without an end, as its writer was killed, is none.
     *
     * @throws TracesGoneException if somebody has deleted what agents write
     */
    void forEachNewLine(Consumer<String> reader) throws IOException {
        try {
            for (Path file : files()) {
                read(file, reader);
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new TracesGoneException(directory, e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private void read(Path path, Consumer<String> reader) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            String lines = piece(path, file);
            while (!lines.isEmpty()) {
                lines.lines().forEach(reader);
                lines = piece(path, file);
            }
        }
    }

    /** Returns the next whole lines. */
    private String piece(Path path, RandomAccessFile file) throws IOException {
        long from = read.getOrDefault(path, 0L);
        byte[] bytes = new byte[(int) Math.min(PIECE_BYTES, file.length() - from)];
        file.seek(from);
        file.readFully(bytes);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        read.put(path, from + end);
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    void delete() {
        try {
            for (Path file : files()) {
                Files.delete(file);
            }
            Files.delete(directory);
        } catch (IOException e) {
            // An agent still writes; the directory of temporary files is emptied by others.
        }
    }
}
