package io.catena.agent.control.upload;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Uploads that go on where they were when their connection broke off, if the client comes back in time. What has come is in a
 * temporary file of the SR, and how much that is, in memory: after a restart nothing is left of any.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class HeldUploads {
    /** How long an upload that is given up must be able to go on reading. */
    private static final Duration ENDING = Duration.ofSeconds(10);

    private final Duration patience;
    private final Map<Key, HeldUpload> uploads = new ConcurrentHashMap<>();

    /**
     * @param patience how long an upload is kept without a connection
     */
    public HeldUploads(Duration patience) {
        this.patience = patience;
    }

    /**
     * Which upload.
     *
     * @param vdi the disk that it will be
     * @param caller the only one who can go on with it
     */
    public record Key(SrId sr, VdiId vdi, String caller) {}

    /**
     * What one request brings of a stream.
     *
     * @param stream what the client calls the stream; another one has other bytes
     * @param from where its first byte stands in the stream
     */
    public record Part(String stream, long wholeBytes, long from, ReadableByteChannel source) {}

    /**
     * Takes a part of a stream, and returns the disk when that is made. A part from the beginning takes the place of whatever came
     * before.
     *
     * @param making makes the disk of the whole stream; called by another thread
     * @throws SrException if that fails; if the part is not the next one; or if it breaks off
     */
    public Vdi take(Key key, Part part, Function<ReadableByteChannel, Vdi> making) {
        return part.from() == 0 ? begin(key, part, making) : goOn(key, part);
    }

    private Vdi begin(Key key, Part part, Function<ReadableByteChannel, Vdi> making) {
        drop(key);
        HeldUpload upload = new HeldUpload(part.stream(), part.wholeBytes(), patience);
        if (uploads.putIfAbsent(key, upload) != null) {
            throw busy(key);
        }
        upload.start(making, () -> uploads.remove(key, upload));
        return upload.take(part);
    }

    private Vdi goOn(Key key, Part part) {
        HeldUpload upload = find(key);
        if (!upload.isOf(part)) {
            throw new SrException(SrError.BAD_REQUEST, "What has come of VDI " + key.vdi() + " is of another stream")
                    .correction("Send all of it.");
        }
        return upload.take(part);
    }

    /**
     * Returns how far an upload is.
     *
     * @throws SrException if there is none
     */
    public UploadView view(Key key) {
        return find(key).view();
    }

    private HeldUpload find(Key key) {
        HeldUpload upload = uploads.get(key);
        if (upload == null) {
            throw new SrException(
                            SrError.VDI_MISSING, "Nothing has come of VDI " + key.vdi() + " that could be gone on with")
                    .correction("Send all of it.");
        }
        return upload;
    }

    /** Gives up an upload, of which nothing is left when this returns; does nothing if there is none. */
    public void drop(Key key) {
        HeldUpload upload = uploads.get(key);
        if (upload != null && !upload.abandon(ENDING)) {
            throw busy(key);
        }
    }

    private static SrException busy(Key key) {
        return new SrException(
                        SrError.TRY_AGAIN, "A stream of VDI " + key.vdi() + " still comes over another connection")
                .correction("Try again when that has ended.");
    }
}
