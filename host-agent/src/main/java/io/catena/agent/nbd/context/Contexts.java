package io.catena.agent.nbd.context;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The metadata contexts of one client: {@code base:allocation}, and {@code qemu:dirty-bitmap:UUID} for what changed since the
 * snapshot of that UUID. What changed is found out when the context is set, and a context of which it is not known is none.
 *
 * <p><b>Threads.</b> For one thread; {@link #close} when that has ended.
 */
public final class Contexts implements Closeable {
    private static final Logger LOG = Logger.getLogger(Contexts.class.getName());
    private static final String BITMAPS = "qemu:dirty-bitmap:";

    /** How many bitmaps a client may set at most. */
    private static final int MOST_BITMAPS = 8;

    private List<MetaContext> set = List.of();
    private @Nullable Object setFor;

    /**
     * A disk that is exported.
     *
     * @param publication the same object as long as it stays exported
     */
    public record Exported(Object publication, VdiId vdi, BlockDevice device) {}

    /** Returns the names of the contexts that fit what a client asks for; all if it asks for nothing. */
    public static List<String> list(VdiId vdi, Changes changes, List<String> queries) {
        List<String> names = new ArrayList<>();
        names.add(NbdProtocol.BASE_ALLOCATION);
        if (queries.isEmpty() || queries.stream().anyMatch(query -> query.startsWith("qemu:"))) {
            bases(vdi, changes).forEach(base -> names.add(BITMAPS + base));
        }
        names.removeIf(name -> !queries.isEmpty() && queries.stream().noneMatch(query -> fits(name, query)));
        return names;
    }

    /** A query that ends with a colon asks for all names that begin so. */
    private static boolean fits(String name, String query) {
        return query.endsWith(":") ? name.startsWith(query) : name.equals(query);
    }

    private static List<VdiId> bases(VdiId vdi, Changes changes) {
        try {
            return changes.bases(vdi);
        } catch (RuntimeException e) {
            LOG.log(Level.INFO, LogLine.of("nbd-bases-unknown", "vdi", vdi, "cause", e));
            return List.of();
        }
    }

    /** Sets what a client asks for, as far as there is such a context, in place of what was set before. */
    public List<MetaContext> set(Exported export, Changes changes, List<String> queries) {
        close();
        List<MetaContext> found = new ArrayList<>();
        set = found;
        setFor = export.publication();
        Set<String> names = new LinkedHashSet<>(queries);
        if (names.remove(NbdProtocol.BASE_ALLOCATION)) {
            found.add(new Allocation(export.device()));
        }
        names.stream()
                .filter(name -> name.startsWith(BITMAPS) && Uuids.isUuid(name.substring(BITMAPS.length())))
                .limit(MOST_BITMAPS)
                .forEach(name -> addBitmap(export, changes, name));
        return List.copyOf(found);
    }

    private void addBitmap(Exported export, Changes changes, String name) {
        VdiId base = VdiId.parse(name.substring(BITMAPS.length()));
        DirtyBlocks blocks = null;
        try {
            blocks = new DirtyBlocks(name, export.device().sizeBytes());
            set.add(blocks.with(changes.since(base, export.vdi())));
        } catch (RuntimeException e) {
            LOG.log(Level.INFO, LogLine.of("nbd-changes-unknown", "vdi", export.vdi(), "base", base, "cause", e));
            if (blocks != null) {
                blocks.close();
            }
        }
    }

    /**
     * Returns what was set for an export, each with its number one more than its index. None that was set for another, or
     * before the export was withdrawn and published again: what was true then may not be now.
     */
    public List<MetaContext> of(Object publication) {
        return publication.equals(setFor) ? List.copyOf(set) : List.of();
    }

    /** Forgets what was set. */
    @Override
    public void close() {
        for (MetaContext context : set) {
            if (context instanceof DirtyBlocks blocks) {
                blocks.close();
            }
        }
        set = List.of();
        setFor = null;
    }
}
