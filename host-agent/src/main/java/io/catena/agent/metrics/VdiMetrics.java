package io.catena.agent.metrics;

import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The disks of the host, on a path of their own: there may be ten thousand. Their labels are kept from one scrape to the next,
 * for to make them takes longer than all the rest. Safe for use by many threads.
 */
final class VdiMetrics {
    private static final Logger LOG = Logger.getLogger(VdiMetrics.class.getName());

    private final StorageHost host;

    /** Guarded by this. */
    private final Map<VdiId, Known> known = new HashMap<>();

    private record Known(String sr, String name, Labels labels) {}

    VdiMetrics(StorageHost host) {
        this.host = host;
    }

    synchronized void collect(Families to) {
        Set<VdiId> seen = new HashSet<>();
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                for (Vdi vdi : vdis(sr)) {
                    seen.add(vdi.vdi());
                    collect(vdi, labels(sr.id().toString(), vdi), to);
                }
            }
        }
        known.keySet().retainAll(seen);
    }

    private List<Vdi> vdis(Sr sr) {
        try {
            return host.repository(sr.id()).vdis();
        } catch (SrException e) {
            LOG.log(Level.FINE, "an SR that cannot answer", e);
            return List.of();
        }
    }

    private Labels labels(String sr, Vdi vdi) {
        Known before = known.get(vdi.vdi());
        if (before != null && before.name.equals(vdi.name()) && before.sr.equals(sr)) {
            return before.labels;
        }
        Labels labels = Labels.of("sr", sr, "vdi", vdi.vdi().toString(), "name", vdi.name());
        known.put(vdi.vdi(), new Known(sr, vdi.name(), labels));
        return labels;
    }

    private static void collect(Vdi vdi, Labels labels, Families to) {
        to.gauge("catena_vdi_virtual_bytes", "The size that a guest sees.", labels, vdi.virtualSizeBytes());
        to.gauge("catena_vdi_physical_bytes", "What its own file takes.", labels, vdi.physicalBytes());
        to.gauge("catena_vdi_chain_depth", "Number of nodes in its chain.", labels, vdi.depth());
        to.gauge("catena_vdi_active", "Whether it is open for I/O.", labels, vdi.state() == Vdi.State.ACTIVE ? 1 : 0);
        to.gauge("catena_vdi_snapshot", "Whether it is a snapshot.", labels, vdi.snapshotOf() != null ? 1 : 0);
        to.gauge("catena_vdi_broken", "Whether it cannot be used.", labels, vdi.state() == Vdi.State.BROKEN ? 1 : 0);
    }
}
