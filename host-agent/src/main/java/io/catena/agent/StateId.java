package io.catena.agent;

import io.catena.agent.state.DurableFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/** What tells an agent's saved state from those of others, also after a reboot: it knows which disks the agent had itself. */
final class StateId {
    private StateId() {}

    /**
     * Reads the id, or makes one.
     *
     * @param file beside the saved state
     */
    static String of(Path file) throws IOException {
        DurableFile kept = new DurableFile(file);
        String known = kept.read().orElse("").strip();
        if (!known.isEmpty()) {
            return known;
        }
        String made = UUID.randomUUID().toString();
        kept.write(made + "\n");
        return made;
    }
}
