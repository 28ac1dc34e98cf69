package io.catena.agent.host;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The SRs that are attached. Safe for use by many threads; changed by holders of the host's lock of changes only. */
final class HeldSrs {
    private final Map<SrId, HeldSr> srs = new ConcurrentHashMap<>();

    void add(HeldSr sr) {
        srs.put(sr.id(), sr);
    }

    void remove(SrId id) {
        srs.remove(id);
    }

    boolean contains(SrId id) {
        return srs.containsKey(id);
    }

    /**
     * @throws SrException {@link SrError#SR_UNAVAILABLE} if it is not attached
     */
    HeldSr get(SrId id) {
        HeldSr sr = srs.get(id);
        if (sr == null) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + id + " is not attached")
                    .correction("Attach it with: ", Remedy.of(Verb.SR_ATTACH, id));
        }
        return sr;
    }

    /** Returns those that are attached now. */
    List<HeldSr> all() {
        return List.copyOf(srs.values());
    }
}
