package io.catena.sr.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where the redo logs of an SR's disks are, and who they belong to. A log belongs to a file, whatever its name: a copy, or
 * what was put in the file's place, has none.
 *
 * <p>An older copy of the same disk that was written over the file in place, after the agent died, is noticed only if it is
 * shorter than what the log tells of. Nothing else tells them apart: the copy has the inode, the footer, and a BAT that may be
 * the same; and when the file was changed last says nothing, since it is not known when the agent died.
 *
 * @param storage of the logs
 * @param files of the SR
 */
public record RedoStore(Storage storage, String directory, RedoLog.Owner owner, Storage files) {
    /** Returns a file's log; null if the file has no metadata that a write could change. */
    public @Nullable RedoLog open(ChainFile file) throws IOException {
        return open(file, file.name());
    }

    /** As {@link #open(ChainFile)}, for a file that will have another name. */
    @Nullable
    RedoLog open(ChainFile file, String name) throws IOException {
        Optional<UUID> disk = file.isSparse() ? file.uniqueId() : Optional.empty();
        if (disk.isEmpty()) {
            return null;
        }
        UUID log = logId(file.name());
        return RedoLog.open(storage, directory, owner, log, disk.get(), new OpenLogs(files).notice(log, name));
    }

    /**
     * Forgets what a file's log tells, if it is there, and that others are missed which were written for that name. Those stay:
     * they may be of a file that was moved away.
     */
    void forget(String name) throws IOException {
        OpenLogs notes = new OpenLogs(files);
        notes.forget(name);
        if (files.exists(name)) {
            UUID log = logId(name);
            notes.forget(log);
            RedoLog.delete(storage, directory, log);
        }
    }

    /** Notes that a file has another name than when its log was opened. */
    void noteName(String name) throws IOException {
        new OpenLogs(files).rename(logId(name), name);
    }

    /** Returns the id of the log that a file has, if it has one. */
    public UUID logId(String name) throws IOException {
        return UUID.nameUUIDFromBytes(files.info(name).identity().getBytes(UTF_8));
    }
}
