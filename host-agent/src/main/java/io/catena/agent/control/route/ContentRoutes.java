package io.catena.agent.control.route;

import io.catena.agent.control.Call;
import io.catena.agent.control.CallerShares;
import io.catena.agent.control.Names;
import io.catena.agent.control.Query;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What backup tools ask: what changed in a disk, and its content. */
final class ContentRoutes {
    /** How many disks are streamed at a time: each takes a thread, and the bandwidth of the disks below. */
    private static final int MOST_STREAMS = 15;

    private static final int MOST_OF_ONE_CALLER = 5;

    private static final long SECTOR_BYTES = 512;
    private static final long USUAL_GRANULARITY_BYTES = 64 << 10;
    private static final long MOST_GRANULARITY_BYTES = 64 << 20;

    private static final CallerShares PLACES = new CallerShares("disks are streamed", MOST_STREAMS, MOST_OF_ONE_CALLER);

    private final Names names;
    private final UploadRoute uploads;

    ContentRoutes(StorageHost host) {
        names = new Names(host);
        uploads = new UploadRoute(host);
    }

    List<Route> all() {
        return List.of(
                Route.get("listChanges", "/v1/vdis/{vdi}/changes", this::changes)
                        .by(Role.BACKUP),
                Route.get("getContent", "/v1/vdis/{vdi}/content", this::content).by(Role.BACKUP),
                Route.ofUpload("importVdi", "/v1/srs/{sr}/vdis/{vdi}/content", uploads::answer)
                        .answering(Route.CREATED),
                Route.get("getUpload", "/v1/srs/{sr}/uploads/{vdi}", uploads::look)
                        .by(Role.OPERATOR),
                Route.of("DELETE", "dropUpload", "/v1/srs/{sr}/uploads/{vdi}", uploads::drop));
    }

    /** ?base=&amp;granularity= */
    private Object changes(Call call) {
        Names.Place place = names.vdi(call.variable());
        VdiId base = base(call, place);
        long granularity = call.parameters()
                .number("granularity", SECTOR_BYTES, MOST_GRANULARITY_BYTES)
                .orElse(USUAL_GRANULARITY_BYTES);
        if (Long.bitCount(granularity) != 1) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The granularity is " + granularity + " bytes, expected a power of two");
        }
        return DiskChanges.of(
                place.vdi(),
                base,
                place.repository().vdi(place.vdi()).virtualSizeBytes(),
                granularity,
                place.repository().contents().changes(place.vdi(), base));
    }

    /** ?format=&amp;base=&amp;from= */
    private Object content(Call call) {
        Query query = call.parameters();
        Names.Place place = names.vdi(call.variable());
        StreamFormat format = StreamFormat.of(query.one("format").orElse("raw"));
        VdiId base = base(call, place);
        long from = query.number("from", 0, Long.MAX_VALUE).orElse(0L);
        CallerShares.Place taken = PLACES.take(call.caller());
        try {
            return ContentStreamed.of(
                    place.repository().contents().export(place.vdi(), format, base),
                    from,
                    call.caller().isLocal(),
                    taken::close);
        } catch (RuntimeException e) {
            taken.close();
            throw e;
        }
    }

    private @Nullable VdiId base(Call call, Names.Place place) {
        return call.parameters()
                .one("base")
                .map(text -> names.vdiIn(place.sr(), text))
                .orElse(null);
    }
}
