package io.catena.agent.metrics;

import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * The disks of the host, on a path of their own: there may be ten thousand. Their lines are written here, and their labels, and
 * the lines of a family of which no value has changed, kept from one scrape to the next: as objects of the library, each sorted and
 * checked anew, they take several times as long. Safe for use by many threads.
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

    /** What was told last of each family: of most nothing has changed. Guarded by this. */
    private final Map<String, Lines> told = new HashMap<>();

    private record Family(String name, String help, ToLongFunction<Vdi> value) {}

    private record Known(String sr, String name, String labels) {}

    /** The lines of a family, and what they were made of. */
    private static final class Lines {
        private final List<String> labels;
        private final long[] values;
        private final String text;

        private Lines(List<String> labels, long[] values, String text) {
            this.labels = labels;
            this.values = values;
            this.text = text;
        }

        static Lines of(Family family, List<String> labels, long[] values) {
            StringBuilder text = new StringBuilder((values.length + 2) * LINE_CHARACTERS);
            text.append("# HELP ").append(family.name).append(' ').append(family.help);
            text.append("\n# TYPE ").append(family.name).append(" gauge\n");
            for (int i = 0; i < values.length; i++) {
                text.append(family.name).append(labels.get(i)).append(' ');
                text.append(values[i]).append('\n');
            }
            return new Lines(labels, values, text.toString());
        }

        boolean tell(List<String> otherLabels, long[] otherValues) {
            return Arrays.equals(values, otherValues) && labels.equals(otherLabels);
        }
    }

    VdiMetrics(StorageHost host) {
        this.host = host;
    }

    private static long isIn(Vdi vdi, Vdi.State state) {
        return vdi.state() == state ? 1 : 0;
    }

    /**
     * Returns all lines, which are the same in both text formats.
     *
     * @param end what one of the formats has after them
     */
    synchronized String text(String end) {
        List<Vdi> disks = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        collect(disks, labels);
        List<String> texts = new ArrayList<>();
        int length = end.length();
        for (Family family : FAMILIES) {
            String text = lines(family, labels, values(family, disks)).text;
            texts.add(text);
            length += text.length();
        }
        StringBuilder all = new StringBuilder(length);
        texts.forEach(all::append);
        return all.append(end).toString();
    }

    private static long[] values(Family family, List<Vdi> disks) {
        long[] values = new long[disks.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = family.value.applyAsLong(disks.get(i));
        }
        return values;
    }

    private Lines lines(Family family, List<String> labels, long[] values) {
        Lines before = told.get(family.name);
        if (before != null && before.tell(labels, values)) {
            return before;
        }
        Lines lines = Lines.of(family, labels, values);
        told.put(family.name, lines);
        return lines;
    }

    private void collect(List<Vdi> disks, List<String> labels) {
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                String id = sr.id().toString();
                for (Vdi vdi : vdis(sr)) {
                    disks.add(vdi);
                    labels.add(labels(id, vdi));
                }
            }
        }
        if (known.size() > disks.size()) {
            known.keySet().retainAll(disks.stream().map(Vdi::vdi).collect(Collectors.toSet()));
        }
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
