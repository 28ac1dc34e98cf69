package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.SrTable;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcSettings;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an SR's {@code other_config} by which XenServer's manager and its tools switch garbage collection. One that is there
 * is obeyed; one that is not changes nothing, so that what {@code catena gc set} set stays.
 */
final class GcKeys {
    private final SrTable srs;
    private final String sr;

    GcKeys(SrTable srs, String sr) {
        this.srs = srs;
        this.sr = sr;
    }

    void markDirty() {
        srs.markDirty(sr);
    }

    void apply(GarbageControl garbage) {
        Map<String, String> config = srs.otherConfig(sr);
        GcSettings now = garbage.status().settings();
        GcChange change = new GcChange(
                changed(config.get("gc"), now.gc()),
                changed(config.get("coalesce"), now.coalesce()),
                changed(config.get("leaf-coalesce"), now.leafCoalesce()),
                null,
                null,
                null,
                null,
                null);
        if (change.gc() != null || change.coalesce() != null || change.leafCoalesce() != null) {
            garbage.set(change);
        }
    }

    private static @Nullable Boolean changed(@Nullable String key, boolean now) {
        if (key == null || !(key.equals("true") || key.equals("false"))) {
            return null;
        }
        boolean wanted = key.equals("true");
        return wanted == now ? null : wanted;
    }
}
