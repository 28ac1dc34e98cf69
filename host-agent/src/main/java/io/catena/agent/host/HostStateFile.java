package io.catena.agent.host;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The file that keeps a {@link HostState}. A crash at any moment leaves the state that was last saved, or the one that
 * was being saved.
 */
final class HostStateFile {
    private final Path file;
    private final Path draft;

    /**
     * @param file its directory exists; beside it a file with ".new" appended is used
     */
    HostStateFile(Path file) {
        this.file = file;
        draft = file.resolveSibling(file.getFileName() + ".new");
    }

    /**
     * Returns the state that was saved last; the empty state if none was.
     *
     * @throws IOException if the file cannot be read, or does not hold a state
     */
    HostState load() throws IOException {
        if (!Files.exists(file)) {
            return HostState.EMPTY;
        }
        try {
            return Json.read(Files.readString(file, StandardCharsets.UTF_8), HostState.class);
        } catch (JsonParseException e) {
            throw new IOException(file + " does not hold the state of an agent: " + e.getMessage(), e);
        }
    }

    /**
     * Replaces what was saved before.
     *
     * <ol>
     *   <li>Write and sync under another name: the old state is whole until the new one is.
     *   <li>Rename: readers see the old or the new.
     *   <li>Sync the directory: what the caller does next may rely on the new.
     * </ol>
     */
    void save(HostState state) throws IOException {
        writeDraft(state);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel directory = FileChannel.open(file.resolveSibling("."), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** The first step of {@link #save}, apart so that a test can stop after it. */
    void writeDraft(HostState state) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(Json.write(state) + "\n");
        try (FileChannel channel = FileChannel.open(
                draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
