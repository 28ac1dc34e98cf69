package io.catena.agent.metrics;

import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The disks of the host, on a path of their own: there may be ten thousand. Their lines are written here, and their labels kept
 * from one scrape to the next: as objects of the library, each sorted and checked anew, they take several times as long. Safe for
 * use by many threads.
 */
final class VdiMetrics {
    private static final Logger LOG = Logger.getLogger(VdiMetrics.class.getName());

    private static final List<Family> FAMILIES = List.of(
            new Family("catena_vdi_virtual_bytes", "The size that a guest sees.", Vdi::virtualSizeBytes),
            new Family("catena_vdi_physical_bytes", "What its own file takes.", Vdi::physicalBytes),
            new Family("catena_vdi_chain_depth", "Number of nodes in its chain.", Vdi::depth),
            new Family("catena_vdi_active", "Whether it is open for I/O.", vdi -> isIn(vdi, Vdi.State.ACTIVE)),
            new Family("catena_vdi_snapshot", "Whether it is a snapshot.", vdi -> vdi.snapshotOf() == null ? 0 : 1),
            new Family("catena_vdi_broken", "Whether it cannot be used.", vdi -> isIn(vdi, Vdi.State.BROKEN)));

    private static final int LINE_CHARACTERS = 160;

    private final StorageHost host;

    /** Guarded by this. */
    private final Map<VdiId, Known> known = new HashMap<>();

    private record Family(String name, String help, ToLongFunction<Vdi> value) {}

    private record Known(String sr, String name, String labels) {}

    private record Labelled(Vdi vdi, String labels) {}

    VdiMetrics(StorageHost host) {
        this.host = host;
    }

    private static long isIn(Vdi vdi, Vdi.State state) {
        return vdi.state() == state ? 1 : 0;
    }

    /** Returns all lines, which are the same in both text formats; without the end that one of them has. */
    synchronized String text() {
        List<Labelled> disks = disks();
        StringBuilder text = new StringBuilder(FAMILIES.size() * (disks.size() + 2) * LINE_CHARACTERS);
        for (Family family : FAMILIES) {
            text.append("# HELP ").append(family.name).append(' ').append(family.help);
            text.append("\n# TYPE ").append(family.name).append(" gauge\n");
            for (Labelled disk : disks) {
                text.append(family.name).append(disk.labels).append(' ');
                text.append(family.value.applyAsLong(disk.vdi)).append('\n');
            }
        }
        return text.toString();
    }

    private List<Labelled> disks() {
        List<Labelled> disks = new ArrayList<>();
        Set<VdiId> seen = new HashSet<>();
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                for (Vdi vdi : vdis(sr)) {
                    seen.add(vdi.vdi());
                    disks.add(new Labelled(vdi, labels(sr.id().toString(), vdi)));
                }
            }
        }
        known.keySet().retainAll(seen);
        return disks;
    }

    private List<Vdi> vdis(Sr sr) {
        try {
            return host.repository(sr.id()).vdis();
        } catch (SrException e) {
            LOG.log(Level.FINE, "an SR that cannot answer", e);
            return List.of();
        }
    }

    private String labels(String sr, Vdi vdi) {
        Known before = known.get(vdi.vdi());
        if (before != null && before.name.equals(vdi.name()) && before.sr.equals(sr)) {
            return before.labels;
        }
        String labels = "{name=\"" + escaped(vdi.name()) + "\",sr=\"" + sr + "\",vdi=\"" + vdi.vdi() + "\"}";
        known.put(vdi.vdi(), new Known(sr, vdi.name(), labels));
        return labels;
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
