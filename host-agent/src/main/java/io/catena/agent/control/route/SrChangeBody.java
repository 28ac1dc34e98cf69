package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.api.SrChange;
import io.catena.api.SrLimits;
import java.util.Map;
import java.util.Objects;

/** Reads from a request what is to be changed of an SR. */
public final class SrChangeBody {
    private SrChangeBody() {}

    /**
     * {"name"?, "description"?, "chainLimit"?, "chainWarning"?, "oversubscriptionPercent"?, "minFreeBytes"?,
     * "snapshotsPerVdi"?}
     */
    public static SrChange of(Body body) {
        SrChange change = new SrChange(
                body.optionalString("name").orElse(null),
                body.optionalString("description").orElse(null),
                body.optionalInt("chainLimit"),
                body.optionalInt("chainWarning"),
                new SrLimits.Change(
                        body.optionalInt("oversubscriptionPercent"),
                        body.optionalNumber("minFreeBytes"),
                        body.optionalInt("snapshotsPerVdi"),
                        Map.of()));
        body.nothingElse();
        return change;
    }

    /** {"virtualBytes"?, "vdis"?, "snapshots"?}: what is left out has no limit. */
    public static SrChange quota(String owner, Body body) {
        SrLimits.Quota quota = new SrLimits.Quota(
                Objects.requireNonNullElse(body.optionalNumber("virtualBytes"), 0L),
                Objects.requireNonNullElse(body.optionalInt("vdis"), 0),
                Objects.requireNonNullElse(body.optionalInt("snapshots"), 0));
        body.nothingElse();
        return new SrChange(null, null, null, null, new SrLimits.Change(null, null, null, Map.of(owner, quota)));
    }
}
