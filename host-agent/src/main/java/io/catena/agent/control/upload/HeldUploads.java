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
 * temporary file of the SR, and how much that is, in memory. After a restart they go on where {@link Making#left} says.
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
     * @param making makes the disk; called by another thread
     * @throws SrException if that fails; if the part is not the next one; or if it breaks off
     */
    public Vdi take(Key key, Part part, Making making) {
        return part.from() == 0 ? begin(key, part, making) : goOn(key, part, making);
    }

    private Vdi begin(Key key, Part part, Making making) {
        drop(key);
        UploadView nothing = new UploadView(part.stream(), 0, part.wholeBytes(), false);
        return start(key, nothing, making::of).take(part);
    }

    private HeldUpload start(Key key, UploadView begun, Function<ReadableByteChannel, Vdi> making) {
        HeldUpload upload = new HeldUpload(begun, patience);
        if (uploads.putIfAbsent(key, upload) != null) {
            throw busy(key);
        }
        upload.start(making, () -> uploads.remove(key, upload));
        return upload;
    }

    private Vdi goOn(Key key, Part part, Making making) {
        HeldUpload upload = uploads.get(key);
        UploadView come = upload == null ? making.left().orElseThrow(() -> missing(key)) : upload.view();
        if (!come.isOf(part)) {
            throw new SrException(SrError.BAD_REQUEST, "What has come of VDI " + key.vdi() + " is of another stream")
                    .correction("Send all of it.");
        }
        return upload == null ? revived(key, part, come, making) : upload.take(part);
    }

    private Vdi revived(Key key, Part part, UploadView left, Making making) {
        if (part.from() != left.offsetBytes()) {
            throw FedChannel.misplaced(part.from(), left.offsetBytes());
        }
        return start(key, left, making::ofRest).take(part);
    }

    /**
     * Returns how far an upload is.
     *
     * @throws SrException if there is none
     */
    public UploadView view(Key key, Making making) {
        HeldUpload upload = uploads.get(key);
        return upload == null ? making.left().orElseThrow(() -> missing(key)) : upload.view();
    }

    private static SrException missing(Key key) {
        return new SrException(
                        SrError.VDI_MISSING, "Nothing has come of VDI " + key.vdi() + " that could be gone on with")
                .correction("Send all of it.");
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
