package io.catena.sr.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.RedoLog;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where the redo logs of an SR's disks are, and who they belong to. */
public record RedoStore(Storage storage, String directory, RedoLog.Owner owner) {
    /** Returns a file's log; null if the file has no metadata that a write could change. */
    public @Nullable RedoLog open(ChainFile file) throws IOException {
        return !file.isSparse() ? null : RedoLog.open(storage, directory, owner, logId(file));
    }

    /** Both the name and the unique id count: a name goes on to a new file, an id may have been copied. */
    public static UUID logId(ChainFile file) {
        String key = file.name() + " " + file.uniqueId().map(UUID::toString).orElse("raw");
        return UUID.nameUUIDFromBytes(key.getBytes(UTF_8));
    }
}
