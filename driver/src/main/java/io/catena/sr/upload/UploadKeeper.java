package io.catena.sr.upload;

import io.catena.api.UploadStream;
import io.catena.api.VdiId;
import io.catena.api.VdiUpload;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Notes now and then how far an upload has come, so that it can be gone on with whatever happens to the agent.
 *
 * <p><b>Threads.</b> For use by one thread at a time.
 */
public final class UploadKeeper {
    /** So much is sent again at most, and so seldom does the sender wait for the disk. */
    private static final long STEP_NANOS = Duration.ofSeconds(2).toNanos();

    private final Storage storage;
    private final KeptUploads uploads;
    private final VdiId vdi;
    private final String file;
    private final Clock clock;
    private final LongSupplier nanoTime;

    /** Null as long as it is not to be kept. */
    private @Nullable UploadRecord record;

    private long lastNanos;
    private boolean isNoted;

    /** Makes durable what was written. */
    @FunctionalInterface
    public interface Flush {
        void run() throws IOException;
    }

    /**
     * @param file the one that is filled
     */
    public UploadKeeper(
            Storage storage, KeptUploads uploads, VdiId vdi, String file, Clock clock, LongSupplier nanoTime) {
        this.storage = storage;
        this.uploads = uploads;
        this.vdi = vdi;
        this.file = file;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** Begins to keep an upload, of which nothing was written; does nothing if it is of a kind that cannot be kept. */
    public void begin(UploadStream stream, VdiUpload upload) throws IOException {
        StreamHead head = StreamHead.write(storage, KeptUploads.head(file), upload);
        if (head == null || head.lengthBytes() > StreamHead.MOST_BYTES) {
            storage.delete(KeptUploads.head(file));
            return;
        }
        record = new UploadRecord(
                vdi.toString(),
                stream.name(),
                stream.caller(),
                stream.format().text(),
                stream.lengthBytes(),
                0,
                storage.info(file).identity(),
                ChainFile.vhd(storage, file).uniqueId().orElseThrow().toString(),
                head.lengthBytes(),
                head.crc(),
                0);
        lastNanos = nanoTime.getAsLong();
    }

    /** Goes on with one that was kept. */
    public void goOn(KeptUploads.Found found) {
        record = found.record();
        isNoted = true;
        lastNanos = nanoTime.getAsLong();
    }

    /**
     * Takes note of how far it is, if some time has passed.
     *
     * <ol>
     *   <li>Flush the file: all that comes before {@code offset} is in it for good. What is written later may be there in part
     *       after a cut; it is written again then, with the same bytes.
     *   <li>Replace the record. Until that is durable, with the names of all three files, the one before tells of less.
     * </ol>
     */
    public void reached(long offset, Flush flush) throws IOException {
        UploadRecord before = record;
        if (before == null || nanoTime.getAsLong() - lastNanos < STEP_NANOS || offset <= before.offsetBytes()) {
            return;
        }
        makeDurable(flush);
        UploadRecord now = before.at(offset, clock.instant());
        uploads.write(file, now);
        record = now;
        isNoted = true;
        lastNanos = nanoTime.getAsLong();
    }

    private static void makeDurable(Flush flush) throws IOException {
        flush.run();
    }

    /** Whether somebody can go on with it when this agent ends. */
    public boolean isNoted() {
        return isNoted;
    }

    /** Deletes what tells of it, when the file is a disk or deleted. */
    public void forget() throws IOException {
        if (record != null) {
            uploads.forget(file);
        }
    }
}
