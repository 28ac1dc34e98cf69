package io.catena.agent.host;

import io.catena.agent.host.HostState.AttachedVdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The disks of an SR that are still to be attached again: those that a client waits for before all others. For one thread. */
final class RestoreQueue {
    /** In the order in which they were attached. */
    private final Map<VdiId, List<AttachedVdi>> left = new LinkedHashMap<>();

    private final Supplier<List<VdiId>> awaited;

    /**
     * @param awaited returns what clients wait for now, the first to come first; disks of other SRs among them
     */
    RestoreQueue(List<AttachedVdi> all, Supplier<List<VdiId>> awaited) {
        this.awaited = awaited;
        for (AttachedVdi vdi : all) {
            left.computeIfAbsent(vdi.vdi(), id -> new ArrayList<>()).add(vdi);
        }
    }

    /** Takes the next disk, with all its holders; returns nothing when none is left. */
    List<AttachedVdi> next() {
        for (VdiId vdi : awaited.get()) {
            List<AttachedVdi> found = left.remove(vdi);
            if (found != null) {
                return found;
            }
        }
        Iterator<List<AttachedVdi>> rest = left.values().iterator();
        if (!rest.hasNext()) {
            return List.of();
        }
        List<AttachedVdi> next = rest.next();
        rest.remove();
        return next;
    }
}
