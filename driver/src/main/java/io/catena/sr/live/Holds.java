package io.catena.sr.live;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who has which disks of an SR attached.
 *
 * <p><b>Threads.</b> Changed under the SR's tree lock only; any thread may look.
 */
public final class Holds {
    private final Map<VdiId, TreeMap<String, Hold>> byVdi = new TreeMap<>();
    private final Map<VdiId, Export> exports = new HashMap<>();

    /** Since when disks are held, by disk and holder. */
    private final Map<VdiId, Map<String, Since>> since = new HashMap<>();

    /** How many attachments and activations there were. */
    private long begun;

    /**
     * Which of all attachments and activations a hold is.
     *
     * @param attachment 0 if there is none
     * @param activation the last; 0 if it was never active
     */
    public record Since(long attachment, long activation) {
        static final Since NEVER = new Since(0, 0);

        /** Whether the holder did not give the disk up and attach it again between this and another. */
        public boolean isSameAttachment(Since other) {
            return attachment == other.attachment;
        }
    }

    /** Returns which hold a holder has of a disk. */
    public synchronized Since since(VdiId vdi, String holder) {
        return since.getOrDefault(vdi, Map.of()).getOrDefault(holder, Since.NEVER);
    }

    public synchronized Optional<Hold> get(VdiId vdi, String holder) {
        return Optional.ofNullable(byVdi.getOrDefault(vdi, new TreeMap<>()).get(holder));
    }

    /** Returns a disk's holds, sorted by holder. */
    public synchronized List<Hold> of(VdiId vdi) {
        return List.copyOf(byVdi.getOrDefault(vdi, new TreeMap<>()).values());
    }

    /** Returns all holds, sorted by disk, then holder. */
    public synchronized List<Hold> all() {
        List<Hold> all = new ArrayList<>();
        byVdi.values().forEach(holders -> all.addAll(holders.values()));
        return all;
    }

    /** Returns the disks that are attached. */
    public synchronized Set<VdiId> vdis() {
        return Set.copyOf(byVdi.keySet());
    }

    /** Returns where a disk that is attached will be served, in the most that one of its holders may do. */
    public synchronized Optional<Export> export(VdiId vdi) {
        boolean writable = of(vdi).stream().anyMatch(hold -> hold.mode() == AccessMode.READ_WRITE);
        return Optional.ofNullable(exports.get(vdi))
                .map(export -> export.as(writable ? AccessMode.READ_WRITE : AccessMode.READ_ONLY));
    }

    /** Returns who has a disk, and how, for humans. */
    public String text(VdiId vdi) {
        return of(vdi).stream().map(Hold::text).collect(Collectors.joining(", "));
    }

    /** Notes a disk's first holder, or another. */
    public synchronized void add(Hold hold, Export export) {
        byVdi.computeIfAbsent(hold.vdi(), vdi -> new TreeMap<>()).put(hold.holder(), hold);
        exports.put(hold.vdi(), export);
        since.computeIfAbsent(hold.vdi(), vdi -> new HashMap<>()).put(hold.holder(), new Since(++begun, 0));
    }

    /** Notes how a disk is active for a holder. */
    public synchronized void activate(Hold hold, @Nullable AccessMode how) {
        Objects.requireNonNull(byVdi.get(hold.vdi()), "holders").put(hold.holder(), hold.activated(how));
        if (how != null) {
            Map<String, Since> holders = Objects.requireNonNull(since.get(hold.vdi()), "holders");
            holders.computeIfPresent(hold.holder(), (holder, before) -> new Since(before.attachment(), ++begun));
        }
    }

    /** Forgets a holder; returns whether it was the disk's last. */
    public synchronized boolean remove(Hold hold) {
        TreeMap<String, Hold> holders = Objects.requireNonNull(byVdi.get(hold.vdi()), "holders");
        holders.remove(hold.holder());
        Objects.requireNonNull(since.get(hold.vdi()), "holders").remove(hold.holder());
        if (!holders.isEmpty()) {
            return false;
        }
        byVdi.remove(hold.vdi());
        exports.remove(hold.vdi());
        since.remove(hold.vdi());
        return true;
    }
}
