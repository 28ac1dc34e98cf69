package io.catena.sr.upload;

import com.google.gson.Gson;
import io.catena.api.KeptUpload;
import io.catena.api.Uuids;
import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.log.LogLine;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ReadableByteChannel;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The uploads that can be gone on with, among an SR's temporary files: beside the file that is filled lie the head of its stream,
 * and a record. The record is believed if it names that very file by its identity and its unique id, the head's length is right
 * (its sum is compared when it is read), and all of it is not old.
 *
 * <p><b>Threads.</b> Safe for use by many threads, of which one at a time writes what belongs to one file.
 */
public final class KeptUploads {
    /** What nobody has gone on with for so long is given up, however often the agent is started. */
    static final Duration LONGEST = Duration.ofHours(24);

    /** More than may be under way at a time: of the others nobody is told, whoever put them there. */
    private static final int MOST = 64;

    private static final Logger LOG = System.getLogger(KeptUploads.class.getName());
    private static final Gson GSON = new Gson();
    private static final String PREFIX = SrFiles.temporary("import-");
    private static final String FILE = ".vhd";
    private static final String RECORD = ".upload";
    private static final String HEAD = ".head";

    private final Storage storage;
    private final Clock clock;

    public KeptUploads(Storage storage, Clock clock) {
        this.storage = storage;
        this.clock = clock;
    }

    /**
     * An upload that is there.
     *
     * @param file the one that is filled
     */
    public record Found(String file, UploadRecord record, KeptUpload upload) {}

    /** Returns the names of all files that belong to one that is filled, there or not. */
    public static Set<String> filesOf(String file) {
        String stem = SrFiles.stem(file);
        return Set.of(file, stem + RECORD, StoredText.whileWritten(stem + RECORD), stem + HEAD);
    }

    /**
     * Returns all that can be gone on with.
     *
     * @param busy the files that are being filled
     */
    public List<Found> all(Set<String> busy) throws IOException {
        List<Found> all = new ArrayList<>();
        for (String name : storage.list(SrFiles.TEMPORARY, file -> isRecord(file, busy))) {
            Found found = all.size() < MOST ? read(name) : null;
            if (found != null) {
                all.add(found);
            }
        }
        return all;
    }

    /** Returns all files of those that can be gone on with. */
    public Set<String> files(Set<String> busy) throws IOException {
        Set<String> files = new TreeSet<>();
        all(busy).forEach(found -> files.addAll(filesOf(found.file())));
        return files;
    }

    private static boolean isRecord(String name, Set<String> busy) {
        return name.startsWith(PREFIX)
                && name.endsWith(RECORD)
                && Uuids.isUuid(SrFiles.stem(name).substring(PREFIX.length()))
                && !busy.contains(file(name));
    }

    private static String file(String record) {
        return SrFiles.stem(record) + FILE;
    }

    private @Nullable Found read(String name) {
        String file = file(name);
        try {
            UploadRecord record =
                    GSON.fromJson(StoredText.readSmall(storage, name).orElse(""), UploadRecord.class);
            KeptUpload upload = record == null ? null : record.upload();
            String fault = upload == null ? "no agent wrote it" : fault(file, record);
            if (upload != null && fault == null) {
                return new Found(file, record, upload);
            }
            LOG.log(Level.WARNING, LogLine.of("upload-record-refused", "file", name, "cause", fault));
        } catch (IOException | RuntimeException e) {
            // Gson throws what it likes.
            LOG.log(Level.WARNING, LogLine.of("upload-record-refused", "file", name, "cause", e.getMessage()));
        }
        return null;
    }

    /** Returns what contradicts a record, null for nothing. */
    private @Nullable String fault(String file, UploadRecord record) throws IOException {
        Instant written = Instant.ofEpochSecond(record.writtenEpochSeconds());
        if (Duration.between(written, clock.instant()).abs().compareTo(LONGEST) > 0) {
            return "written at " + written;
        }
        if (!storage.info(file).identity().equals(record.identity())) {
            return "it tells of another file than " + file;
        }
        if (storage.info(head(file)).sizeBytes() != record.headBytes()) {
            return "it tells of another head";
        }
        VhdHeaders headers = ChainFile.vhd(storage, file).headers();
        Footer footer = headers == null ? null : headers.footer();
        boolean isThatDisk = footer != null
                && footer.type() != DiskType.FIXED
                && footer.uniqueId().equals(record.id());
        return isThatDisk ? null : file + " is another disk";
    }

    /**
     * Opens the head of a stream.
     *
     * @throws IOException if it is damaged
     */
    public ReadableByteChannel openHead(Found found) throws IOException {
        UploadRecord record = found.record();
        return new StreamHead(record.headBytes(), record.headCrc()).open(storage, head(found.file()));
    }

    static String head(String file) {
        return SrFiles.stem(file) + HEAD;
    }

    /** Durable when this returns, as are all names. */
    void write(String file, UploadRecord record) throws IOException {
        StoredText.write(storage, SrFiles.stem(file) + RECORD, GSON.toJson(record));
    }

    /** Deletes what tells of a file that is filled; that file itself stays. */
    public void forget(String file) throws IOException {
        for (String name : filesOf(file)) {
            if (!name.equals(file)) {
                storage.delete(name);
            }
        }
    }
}
