package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.CallerShares;
import io.catena.agent.control.Names;
import io.catena.agent.control.Query;
import io.catena.agent.control.upload.Making;
import io.catena.agent.control.upload.UploadView;
import io.catena.api.ContentOrigin;
import io.catena.api.KeptUpload;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.UploadStream;
import io.catena.api.Vdi;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiUpload;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the disk that a call asks for. */
final class Uploading implements Making {
    /** Each holds a thread of its server, of which there are forty. */
    private static final int MOST_UPLOADS = 15;

    private static final int MOST_OF_ONE_CALLER = 5;

    /** One for all faces, and for all sets of SRs that callers see. */
    private static final CallerShares PLACES = new CallerShares("disks are imported", MOST_UPLOADS, MOST_OF_ONE_CALLER);

    private final StorageHost host;
    private final Call call;
    private final Query query;
    private final Names names;
    private final @Nullable String stream;
    private final long lengthBytes;

    /**
     * @param stream what the client calls it, null if it cannot be gone on with
     * @param lengthBytes of all of it; -1 if nobody knows
     */
    Uploading(StorageHost host, Call call, @Nullable String stream, long lengthBytes) {
        this.host = host;
        this.call = call;
        this.stream = stream;
        this.lengthBytes = lengthBytes;
        query = call.parameters();
        names = new Names(host);
    }

    /** Fills a disk. */
    @FunctionalInterface
    private interface Filling {
        Vdi fill(StorageRepository repository) throws IOException;
    }

    @Override
    public Vdi of(ReadableByteChannel source) {
        return placed(repository -> {
            if (stream != null) {
                drop();
            }
            VdiUpload upload = repository.contents().upload(format(), source, lengthBytes);
            try (VdiImport target = repository.importVdi(spec(upload), origin(repository, upload))) {
                if (stream != null) {
                    UploadStream named = new UploadStream(stream, call.caller().name(), format(), lengthBytes);
                    target.keep(named, upload);
                }
                return filled(upload, target);
            }
        });
    }

    @Override
    public Vdi ofRest(ReadableByteChannel rest) {
        return placed(repository -> {
            VdiContents contents = repository.contents();
            KeptUpload kept = kept().filter(one -> one.stream().format() == format())
                    .orElseThrow(() -> new SrException(
                                    SrError.BAD_REQUEST, "What has come of VDI " + vdi() + " is of another format")
                            .correction("Send all of it."));
            VdiUpload upload = contents.rest(kept, rest);
            try (VdiImport target = contents.goOn(kept, spec(upload), origin(repository, upload))) {
                return filled(upload, target);
            }
        });
    }

    @Override
    public Optional<UploadView> left() {
        return kept().map(kept -> new UploadView(
                kept.stream().name(), kept.offsetBytes(), kept.stream().lengthBytes(), false));
    }

    /** Leaves nothing of what an earlier agent left. */
    void drop() {
        kept().ifPresent(repository().contents()::drop);
    }

    private Optional<KeptUpload> kept() {
        return repository().contents().kept(vdi(), call.caller().name());
    }

    private static Vdi filled(VdiUpload upload, VdiImport target) throws IOException {
        upload.copyTo(target);
        return target.commit();
    }

    private Vdi placed(Filling filling) {
        CallerShares.Place place = PLACES.take(call.caller());
        try {
            return filling.fill(repository());
        } catch (IOException e) {
            throw new SrException(SrError.BAD_REQUEST, "The stream broke off: " + e.getMessage(), e)
                    .correction("Send all of it again.");
        } finally {
            place.close();
        }
    }

    private StorageRepository repository() {
        return host.repository(names.sr(call.variables().get(0)));
    }

    private VdiId vdi() {
        return VdiId.parse(call.variables().get(1));
    }

    private StreamFormat format() {
        return StreamFormat.of(query.one("format")
                .orElseThrow(() -> new SrException(SrError.BAD_REQUEST, "The query has no \"format\"")
                        .correction("Add ?format=raw, ?format=vhd or ?format=qcow2")));
    }

    private VdiSpec spec(VdiUpload upload) {
        return new VdiSpec(
                upload.sizeBytes(),
                query.one("name").orElse(""),
                query.one("description").orElse(""),
                vdi(),
                false,
                keys());
    }

    private ContentOrigin origin(StorageRepository repository, VdiUpload upload) {
        VdiId base = query.one("base")
                .map(text -> repository.vdi(names.vdi(text).vdi()).vdi())
                .orElse(null);
        return upload.origin().upon(base, query.flag("force"));
    }

    /** As JSON: {"k": "v"}. */
    private Map<String, String> keys() {
        return query.one("keys")
                .map(json -> new Body("{\"keys\":" + json + "}").stringMap("keys"))
                .orElse(Map.of());
    }
}
