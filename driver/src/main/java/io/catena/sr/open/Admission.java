package io.catena.sr.open;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLimits;
import io.catena.api.SrQuotas;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.NameRoom;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether an SR may promise more: one rule for all that makes disks or lets them grow, and for whoever only asks. What
 * was promised is counted in the tree each time, so that nothing can be counted wrong for long.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Who is to rely on the answer asks under the SR's tree lock.
 */
public final class Admission {
    /** Some are left for what is made without asking, as base copies of disks that are imported. */
    private static final int MOST_NODES = NameRoom.MOST_NODES - 1000;

    private final SrSettings settings;
    private final SrView view;
    private final Storage storage;
    private final NameRoom room;
    private final Map<String, Growth> underWay = new ConcurrentHashMap<>();

    /**
     * @param room for what is known of the files of disks
     */
    Admission(SrSettings settings, SrView view, Storage storage, NameRoom room) {
        this.room = room;
        this.settings = settings;
        this.view = view;
        this.storage = storage;
    }

    /**
     * What would come to what is there.
     *
     * @param owner empty for nobody
     * @param snapshotOf the disk of which it is a snapshot; null if it is none
     */
    public record Growth(
            String owner,
            long virtualBytes,
            int vdis,
            @Nullable VdiId snapshotOf) {
        public static Growth ofDisk(String owner, long sizeBytes) {
            return new Growth(owner, sizeBytes, 1, null);
        }

        public static Growth ofSnapshot(String owner, VdiId of) {
            return new Growth(owner, 0, 0, of);
        }

        /** A disk that is there gets larger. */
        public static Growth ofBytes(String owner, long bytes) {
            return new Growth(owner, bytes, 0, null);
        }

        int snapshots() {
            return snapshotOf == null ? 0 : 1;
        }
    }

    /** Returns whose a disk is; empty for nobody. */
    public static String owner(Map<String, String> keys) {
        return keys.getOrDefault(SrLimits.OWNER, "");
    }

    public static String owner(VdiRecord record) {
        return owner(record.allKeys());
    }

    /** Makes sure that all of it may be added to what is there. */
    public void check(Tree now, Collection<Growth> growths) throws IOException {
        checkNodes(now, growths);
        SrLimits limits = limits();
        if (limits.equals(SrLimits.NONE)) {
            return;
        }
        Storage.Space space = storage.space();
        if (space.freeBytes() < limits.minFreeBytes()) {
            throw new SrException(
                            SrError.SR_NO_SPACE,
                            "Only " + space.freeBytes() + " bytes are free in SR " + settings.name() + ", and "
                                    + limits.minFreeBytes() + " have to be before anything is added")
                    .correction("Delete disks or snapshots, then collect: ", Remedy.of(Verb.GC_RUN, settings.id()));
        }
        List<Growth> all = promised(now);
        all.addAll(growths);
        checkOversubscription(limits, total(all).virtualBytes(), space.totalBytes());
        growths.stream().map(Growth::owner).distinct().forEach(owner -> checkQuota(limits, all, owner));
        checkSnapshots(limits, all, growths);
    }

    /** More could not be attached again. A cut makes two files. */
    private void checkNodes(Tree now, Collection<Growth> growths) throws IOException {
        long added = growths.stream()
                .filter(growth -> growth.vdis() + growth.snapshots() > 0)
                .count();
        int nodes = (int) (now.nodes().size() + 2 * added);
        if (added > 0 && nodes > MOST_NODES) {
            throw new SrException(
                            SrError.QUOTA_EXCEEDED,
                            "SR " + settings.name() + " would have " + nodes + " files of disks; at most " + MOST_NODES
                                    + " are made")
                    .correction("Delete disks or snapshots, then collect: ", Remedy.of(Verb.GC_RUN, settings.id()));
        }
        if (added > 0) {
            room.claim(nodes);
        }
    }

    /** Makes sure that a disk may become another owner's. */
    public void checkMove(Tree now, Node node, String owner) {
        VdiRecord record = view.record(node);
        if (!owner(record).equals(owner)) {
            List<Growth> all = promised(now);
            Growth moved = growth(node, record);
            all.add(new Growth(owner, moved.virtualBytes(), moved.vdis(), moved.snapshotOf()));
            checkQuota(limits(), all, owner);
        }
    }

    /** Returns the room for something that is about to be filled. */
    public FreeRoom room() {
        return new FreeRoom(storage, settings);
    }

    /** Counts what is being made until {@link #forget}; the name is only for that. */
    public void promise(String name, Growth growth) {
        underWay.put(name, growth);
    }

    public void forget(String name) {
        underWay.remove(name);
    }

    /** Returns what there is and what is allowed. */
    public SrQuotas quotas(Tree now, Storage.Space space) {
        Map<String, List<Growth>> byOwner = new TreeMap<>();
        limits().owners().keySet().forEach(owner -> byOwner.put(owner, new ArrayList<>()));
        List<Growth> all = promised(now);
        all.forEach(one ->
                byOwner.computeIfAbsent(one.owner(), o -> new ArrayList<>()).add(one));
        Map<String, SrQuotas.Usage> owners = new TreeMap<>();
        byOwner.forEach((owner, own) -> owners.put(owner, total(own)));
        return new SrQuotas(
                limits(), space.totalBytes(), space.freeBytes(), total(all).virtualBytes(), owners);
    }

    private SrLimits limits() {
        return settings.now().allLimits();
    }

    private List<Growth> promised(Tree now) {
        List<Growth> all = new ArrayList<>(underWay.values());
        for (Node node : now.nodes()) {
            if (!node.hidden()) {
                all.add(growth(node, view.record(node)));
            }
        }
        return all;
    }

    private static Growth growth(Node node, VdiRecord record) {
        VdiId of = record.snapshotOfId();
        return of == null ? Growth.ofDisk(owner(record), node.sizeBytes()) : Growth.ofSnapshot(owner(record), of);
    }

    private static SrQuotas.Usage total(Collection<Growth> growths) {
        long bytes = 0;
        int vdis = 0;
        int snapshots = 0;
        for (Growth growth : growths) {
            bytes += growth.virtualBytes();
            vdis += growth.vdis();
            snapshots += growth.snapshots();
        }
        return new SrQuotas.Usage(bytes, vdis, snapshots);
    }

    private void checkOversubscription(SrLimits limits, long virtualBytes, long totalBytes) {
        int percent = limits.oversubscriptionPercent();
        double promised = 100.0 * virtualBytes / Math.max(1, totalBytes);
        if (percent > 0 && promised > percent) {
            throw new SrException(
                            SrError.OVERSUBSCRIBED,
                            "The disks of SR " + settings.name() + " would have " + virtualBytes + " bytes together, "
                                    + Math.round(promised) + " % of the " + totalBytes
                                    + " of its file system; allowed are " + percent + " %")
                    .correction(
                            "Delete disks, or allow more oversubscription: ", Remedy.of(Verb.SR_SET, settings.id()));
        }
    }

    private void checkQuota(SrLimits limits, List<Growth> all, String owner) {
        SrLimits.Quota quota = limits.owners().get(owner);
        if (quota == null) {
            return;
        }
        SrQuotas.Usage usage =
                total(all.stream().filter(one -> one.owner().equals(owner)).toList());
        checkQuota(owner, usage.virtualBytes(), quota.virtualBytes(), "bytes of disks");
        checkQuota(owner, usage.vdis(), quota.vdis(), "disks");
        checkQuota(owner, usage.snapshots(), quota.snapshots(), "snapshots");
    }

    private void checkQuota(String owner, long wanted, long allowed, String what) {
        if (allowed > 0 && wanted > allowed) {
            throw new SrException(
                            SrError.QUOTA_EXCEEDED,
                            "\"" + owner + "\" would have " + wanted + " " + what + " in SR " + settings.name()
                                    + "; allowed are " + allowed)
                    .correction(
                            "Delete some of them, or allow more: ",
                            Remedy.of(Verb.SR_QUOTA, settings.id()).with("owner", owner));
        }
    }

    private void checkSnapshots(SrLimits limits, List<Growth> all, Collection<Growth> growths) {
        int most = limits.snapshotsPerVdi();
        for (Growth growth : growths) {
            VdiId of = growth.snapshotOf();
            long snapshots = all.stream()
                    .filter(one -> of != null && of.equals(one.snapshotOf()))
                    .count();
            if (most > 0 && snapshots > most) {
                throw new SrException(
                                SrError.QUOTA_EXCEEDED,
                                "VDI " + of + " would have " + snapshots + " snapshots; allowed are " + most)
                        .correction(
                                "Delete some of them, or allow a disk more snapshots: ",
                                Remedy.of(Verb.SR_SET, settings.id()));
            }
        }
    }
}
