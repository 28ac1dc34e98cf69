package io.catena.sr.verb;

import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.sr.open.OpenSr;
import java.io.IOException;
import java.util.Objects;

/**
 * Checks, as those do who would do it, whether something would be refused; changes nothing.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Demands {
    private final OpenSr sr;
    private final VdiMaker maker;
    private final VdiCutter cutter;
    private final Resizer resizer;

    public Demands(OpenSr sr, VdiMaker maker, VdiCutter cutter, Resizer resizer) {
        this.sr = sr;
        this.maker = maker;
        this.cutter = cutter;
        this.resizer = resizer;
    }

    /** Makes sure that it would be done. */
    public void check(VdiDemand demand) throws IOException {
        switch (demand.kind()) {
            case CREATE -> maker.check(NewVdi.of(Objects.requireNonNull(demand.spec()), sr.environment.uuids()));
            case SNAPSHOT -> cutter.checkSnapshot(demand.vdis());
            case CLONE -> cutter.checkClone(only(demand), demand.sizeBytes());
            case RESIZE -> resizer.check(only(demand), demand.sizeBytes());
        }
    }

    private static VdiId only(VdiDemand demand) {
        return demand.vdis().get(0);
    }
}
