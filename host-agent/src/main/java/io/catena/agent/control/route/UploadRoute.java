package io.catena.agent.control.route;

import io.catena.agent.control.Call;
import io.catena.agent.control.Caller;
import io.catena.agent.control.Names;
import io.catena.agent.control.Query;
import io.catena.agent.control.upload.HeldUploads;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Makes a disk of what a client sends. The client chooses its id, so that who got no answer finds out what came of it.
 *
 * <p>The disk is none before all has come and was checked; of what breaks off nothing is left, at once or, if the client has named
 * the stream so that it can go on with it, some minutes later.
 */
final class UploadRoute {
    private static final long MOST_BYTES = Long.MAX_VALUE / 2;
    private static final int MOST_NAME_CHARS = 200;

    /** They keep their places: a file, a thread, and what the disk was promised. */
    private static final HeldUploads HELD = new HeldUploads(Duration.ofMinutes(10));

    private final StorageHost host;
    private final Names names;

    UploadRoute(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    /** ?format=&amp;name=&amp;description=&amp;keys=&amp;sizeBytes=&amp;base=&amp;force=&amp;stream=&amp;from= */
    Object answer(Call call) {
        Query query = call.parameters();
        Call.Upload body = Objects.requireNonNull(call.upload(), "upload");
        Optional<String> stream = query.one("stream");
        ReadableByteChannel source = source(call.caller(), body);
        if (stream.isEmpty()) {
            return new Uploading(host, call, null, lengthBytes(query, body.lengthBytes())).of(source);
        }
        long from = query.number("from", 0, MOST_BYTES).orElse(0L);
        long whole = wholeBytes(stream.get(), from, body);
        HeldUploads.Part part = new HeldUploads.Part(stream.get(), whole, from, source);
        return HELD.take(key(call), part, new Uploading(host, call, stream.get(), lengthBytes(query, whole)));
    }

    private static long wholeBytes(String stream, long from, Call.Upload body) {
        if (stream.length() > MOST_NAME_CHARS || stream.isEmpty()) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "\"stream\" has " + stream.length() + " characters, expected 1 to " + MOST_NAME_CHARS);
        }
        if (body.lengthBytes() < 0) {
            throw new SrException(SrError.BAD_REQUEST, "A stream that is gone on with needs a Content-Length");
        }
        return from + body.lengthBytes();
    }

    /** Only of an SR that there is for this caller. */
    private HeldUploads.Key key(Call call) {
        SrId sr = names.sr(call.variables().get(0));
        StorageRepository unused = host.repository(sr);
        return new HeldUploads.Key(
                sr, VdiId.parse(call.variables().get(1)), call.caller().name());
    }

    Object look(Call call) {
        return HELD.view(key(call), new Uploading(host, call, null, -1));
    }

    Object drop(Call call) {
        HeldUploads.Key key = key(call);
        HELD.drop(key);
        new Uploading(host, call, null, -1).drop();
        return Map.of("vdi", key.vdi());
    }

    /** Who is on this host may be as slow as it likes: what it pipes may take its time. */
    private static ReadableByteChannel source(Caller caller, Call.Upload body) {
        return caller.isLocal() ? body.source() : new SteadySource(body.source(), System::nanoTime);
    }

    /**
     * @param coming how many bytes come; -1 if the client does not tell
     */
    private static long lengthBytes(Query query, long coming) {
        long told = query.number("sizeBytes", 1, MOST_BYTES).orElse(coming);
        if (coming >= 0 && told != coming) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "\"sizeBytes\" is " + told + ", but the request's body has " + coming + " bytes");
        }
        return told;
    }
}
