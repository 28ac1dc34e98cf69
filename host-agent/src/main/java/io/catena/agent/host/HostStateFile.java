package io.catena.agent.host;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The file that keeps a {@link HostState}. A crash at any moment leaves the state that was last saved, or the one that
 * was being saved.
 */
final class HostStateFile {
    private final DurableFile file;

    /**
     * @param file its directory exists; beside it a file with ".new" appended is used
     */
    HostStateFile(Path file) {
        this.file = new DurableFile(file);
    }

    /**
     * Returns the state that was saved last; the empty state if none was.
     *
     * @throws IOException if the file cannot be read, or does not hold a state
     */
    HostState load() throws IOException {
        String text = file.read().orElse(null);
        if (text == null) {
            return HostState.EMPTY;
        }
        try {
            return Json.read(text, HostState.class);
        } catch (JsonParseException e) {
            throw new IOException(file + " does not hold the state of an agent: " + e.getMessage(), e);
        }
    }

    /** Replaces what was saved before; durable when this returns. */
    void save(HostState state) throws IOException {
        file.write(text(state));
    }

    /** The first step of {@link #save}, apart so that a test can stop after it. */
    void writeDraft(HostState state) throws IOException {
        file.writeDraft(text(state));
    }

    private static String text(HostState state) {
        return Json.write(state) + "\n";
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
