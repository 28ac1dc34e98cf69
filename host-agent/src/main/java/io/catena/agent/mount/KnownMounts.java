package io.catena.agent.mount;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.SrLocation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Which directories are reached by mounting what; a file keeps it between two lives of the agent.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class KnownMounts {
    private final DurableFile file;
    private List<Known> all;

    KnownMounts(Path file) throws IOException {
        this.file = new DurableFile(file);
        try {
            all = this.file
                    .read()
                    .map(text -> Json.read(text, Saved.class).mounts())
                    .orElse(List.of());
        } catch (JsonParseException e) {
            throw new IOException(file + " does not hold what an agent mounted: " + e.getMessage(), e);
        }
    }

    /**
     * An SR's directory.
     *
     * @param mounted whether it is to be mounted
     */
    record Known(String directory, SrLocation location, boolean mounted) {
        Known {
            Objects.requireNonNull(directory, "directory");
            Objects.requireNonNull(location, "location");
        }
    }

    private record Saved(List<Known> mounts) {
        Saved {
            mounts = List.copyOf(mounts);
        }
    }

    synchronized List<Known> all() {
        return all;
    }

    synchronized Optional<Known> find(Path directory) {
        return all.stream()
                .filter(known -> known.directory().equals(directory.toString()))
                .findFirst();
    }

    synchronized void put(Path directory, SrLocation location, boolean mounted) throws IOException {
        List<Known> changed = without(directory);
        changed.add(new Known(directory.toString(), location, mounted));
        save(changed);
    }

    synchronized void remove(Path directory) throws IOException {
        save(without(directory));
    }

    private List<Known> without(Path directory) {
        List<Known> others = new ArrayList<>(all);
        others.removeIf(known -> known.directory().equals(directory.toString()));
        return others;
    }

    private void save(List<Known> changed) throws IOException {
        file.write(Json.write(new Saved(changed)) + "\n");
        all = List.copyOf(changed);
    }
}
