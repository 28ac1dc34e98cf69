package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.VdiRow;
import io.catena.agent.smapiv1.xenapi.VdiTable;
import io.catena.api.GarbageControl;
import io.catena.api.GcSettings;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiOperations;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The key {@code leaf-coalesce} in a disk's {@code other_config}. {@code false} keeps the disk from being merged with its base copy
 * as long as it is there; {@code force} asks once for a run at once, and is removed then, as by XenServer's collector.
 */
final class LeafKeys {
    private static final String KEY = "leaf-coalesce";

    /** With a disk whose key is there only since XAPI's database says so. One that was set here stays. */
    private static final String FROM_XAPI = "leaf-coalesce-from-xapi";

    private LeafKeys() {}

    static void apply(VdiOperations disks, GarbageControl garbage, VdiTable vdis, Collection<VdiRow> rows) {
        Map<String, VdiRow> byLocation = new HashMap<>();
        rows.forEach(row -> byLocation.put(row.location(), row));
        for (Vdi vdi : disks.vdis()) {
            VdiRow row = byLocation.get(vdi.vdi().toString());
            if (row != null && vdi.state() != Vdi.State.BROKEN && vdi.state() != Vdi.State.WITHOUT_DATA) {
                apply(disks, vdi, "false".equals(row.otherConfig().get(KEY)));
            }
        }
        rows.stream()
                .filter(row -> "force".equals(row.otherConfig().get(KEY)))
                .forEach(row -> force(garbage, vdis, row));
    }

    private static void apply(VdiOperations disks, Vdi vdi, boolean off) {
        boolean wasOff = vdi.keys().containsKey(FROM_XAPI);
        if (off && !wasOff && !"false".equals(vdi.keys().get(KEY))) {
            Map<String, String> keys = Map.of(KEY, "false", FROM_XAPI, "true");
            disks.set(vdi.vdi(), new VdiChange(null, null, keys, Set.of()));
        } else if (wasOff && !off) {
            disks.set(vdi.vdi(), new VdiChange(null, null, Map.of(), Set.of(KEY, FROM_XAPI)));
        }
    }

    private static void force(GarbageControl garbage, VdiTable vdis, VdiRow row) {
        GcSettings settings = garbage.status().settings();
        if (settings.gc() && settings.coalesce() && settings.leafCoalesce() && !settings.paused()) {
            garbage.run();
            vdis.removeOtherConfig(row.ref(), KEY);
        }
    }
}
