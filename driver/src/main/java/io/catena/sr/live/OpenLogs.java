package io.catena.sr.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.api.Uuids;
import io.catena.log.LogLine;
import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileAlreadyExistsException;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Notes in the SR which redo logs exist, so that it is noticed if one is lost: a file for each, named by the log's id, that
 * holds the name of the log's file. Never synced, for after a power cut no log is missed.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class OpenLogs {
    private static final Logger LOG = System.getLogger(OpenLogs.class.getName());

    /** No file system has longer ones. There may be any number of notes, whoever put them there. */
    private static final int MOST_NAME = 255;

    private final Storage files;

    public OpenLogs(Storage files) {
        this.files = files;
    }

    /** Returns the ids of the logs that are noted. */
    public Set<UUID> ids() throws IOException {
        Set<UUID> ids = new TreeSet<>();
        for (String note : files.list(SrFiles.OPEN_LOGS)) {
            String id = note.substring(SrFiles.OPEN_LOGS.length() + 1);
            if (Uuids.isUuid(id)) {
                ids.add(UUID.fromString(id));
            }
        }
        return ids;
    }

    /** Returns the name of a log's file, as it was when it was opened; empty if that is not noted. */
    public String name(UUID log) throws IOException {
        String name = StoredText.readSmall(files, note(log)).orElse("");
        return name.length() <= MOST_NAME ? name : "";
    }

    /** Forgets all logs. */
    public void forgetAll() throws IOException {
        for (String note : files.list(SrFiles.OPEN_LOGS)) {
            files.delete(note);
        }
    }

    /** Forgets the logs of files that had this name. */
    void forget(String name) throws IOException {
        for (UUID log : ids()) {
            if (name(log).equals(name)) {
                forget(log);
            }
        }
    }

    /** Forgets a log. */
    public void forget(UUID log) throws IOException {
        files.delete(note(log));
    }

    private static String note(UUID log) {
        return SrFiles.OPEN_LOGS + "/" + log;
    }

    RedoLog.Notice notice(UUID log, String name) {
        return new RedoLog.Notice() {
            @Override
            public void begin() throws IOException {
                write(log, name);
            }

            @Override
            public void end() throws IOException {
                forget(log);
            }
        };
    }

    /** Replaces the name of a log's file; a process that dies meanwhile leaves the one or the other. */
    void rename(UUID log, String name) throws IOException {
        String next = note(log) + ".new";
        files.delete(next);
        try (BlockFile note = files.create(next)) {
            note.write(0, UTF_8.encode(name));
        } catch (IOException e) {
            if (!Errors.isNoSpace(e)) {
                throw e;
            }
            LOG.log(Level.WARNING, LogLine.of("redo-log-not-noted", "node", name, "cause", e.getMessage()));
            return;
        }
        files.rename(next, note(log));
    }

    /** A full file system keeps no disk from being opened. */
    private void write(UUID log, String name) throws IOException {
        try (BlockFile note = files.create(note(log))) {
            note.write(0, UTF_8.encode(name));
        } catch (FileAlreadyExistsException e) {
            // The agent died, or the disk could not be closed in order; the log is about to be replayed.
        } catch (IOException e) {
            if (!Errors.isNoSpace(e)) {
                throw e;
            }
            LOG.log(Level.WARNING, LogLine.of("redo-log-not-noted", "node", name, "cause", e.getMessage()));
        }
    }
}
