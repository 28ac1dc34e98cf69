package io.catena.harness.cluster;

import static io.catena.harness.cluster.ClusterPlan.Omission.CHECK_BEFORE_ANSWER;
import static io.catena.harness.cluster.ClusterPlan.Omission.DATA_FENCE;
import static io.catena.harness.cluster.ClusterPlan.Omission.NAME_FENCE;
import static io.catena.harness.cluster.ClusterPlan.Omission.PATIENCE;
import static io.catena.harness.cluster.ClusterPlan.Omission.SELF_FENCING;

import io.catena.harness.sim.SimulatedStorage;
import io.catena.lease.Claim;
import io.catena.lease.EpochFence;
import io.catena.lease.EpochStorage;
import io.catena.lease.FormerHosts;
import io.catena.lease.Grant;
import io.catena.lease.HeldElsewhereException;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import io.catena.lease.Takeover;
import io.catena.lease.WrittenFiles;
import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A host of a simulated cluster: the real leases, epoch directory, VHD and redo log, and a guest that writes and reads all the
 * time. Takes the disk whenever it can.
 */
final class SimulatedHost {
    /** The disk that all hosts want. */
    static final String DISK = "disk.vhd";

    static final long DISK_BYTES = 16 << 20;
    private static final String DISK_KEY = "vdi/1";
    private static final String TREE_KEY = "tree";
    private static final int SECTORS = 8;
    private static final int SECTOR_BYTES = 512;
    private static final int REMOVAL_ONE_IN = 20;
    private static final long SPACING_BYTES = 2 << 20;
    private static final LeaseTimes TOO_SOON = LeaseTimes.ofMillis(400, 1_000, 1_100);

    private final int id;
    private final SimulatedLink link;
    private final SharedServer server;
    private final ClusterPlan plan;
    private final ClusterHistory history;
    private final Random random;
    private final FaultyLeaseStore store;
    private final HostWatch watch;
    private final SimulatedStorage redo;
    private final FormerHosts former;
    private Runnable beforeAnswer = () -> {};
    private int removed;
    private long incarnations;
    private @Nullable Session session;
    private boolean owns;

    SimulatedHost(
            int id,
            SimulatedLink link,
            SharedServer server,
            FaultyLeaseStore store,
            ClusterPlan plan,
            ClusterHistory history,
            Random random) {
        this.id = id;
        this.link = link;
        this.server = server;
        this.store = store;
        this.plan = plan;
        this.history = history;
        this.random = random;
        this.redo = SimulatedStorage.tmpfs(id);
        this.watch = new HostWatch(store, plan.leaves(PATIENCE) ? TOO_SOON : LeaseTimes.DEFAULT, link);
        this.former = new FormerHosts(store, watch);
    }

    /** Returns how many notes of former hosts it has removed. */
    int removed() {
        return removed;
    }

    /** Returns the note by which its present session shows that it lives; it has one. */
    String note() {
        return Objects.requireNonNull(session, "session").holder().note();
    }

    /** Removes a note without a look, as who has looked long ago and stood still since. */
    void removeLate(String note) {
        try {
            store.removeNote(note);
        } catch (IOException e) {
            history.fail("a note could not be removed: " + e.getMessage());
        }
    }

    SimulatedLink link() {
        return link;
    }

    /** Lets something happen, once, when a request of the guest has been done and is to be answered. */
    void beforeAnswer(Runnable once) {
        beforeAnswer = once;
    }

    FaultyLeaseStore store() {
        return store;
    }

    boolean owns() {
        return owns;
    }

    /** Renews for ever. */
    void renew() {
        while (true) {
            link.sleep(LeaseTimes.DEFAULT.renewNanos());
            Session now = session;
            try {
                if (now != null) {
                    now.renew();
                }
            } catch (IOException e) {
                // Tried again in a while, if it is not too late then.
            }
        }
    }

    /** Takes the disk and serves its guest, for ever. */
    void serve() {
        while (true) {
            try {
                Session joined = join();
                session = joined;
                serve(joined);
            } catch (IOException e) {
                // As an agent does: close all, join anew.
            }
            owns = false;
            link.sleep(random.nextInt(1_000) * 1_000_000L);
        }
    }

    private Session join() throws IOException {
        HostRecord self = HostRecord.of(new UUID(0, id), "host" + id, new UUID(id, ++incarnations));
        return Session.join(store, LeaseTimes.DEFAULT, link, self);
    }

    private void serve(Session joined) throws IOException {
        while (joined.isValid()) {
            try {
                own(joined);
                return;
            } catch (HeldElsewhereException e) {
                link.sleep((1_000 + random.nextInt(1_000)) * 1_000_000L);
            }
        }
    }

    /** The steps of a takeover: with copies all at once, as the agent does; with locks of the names first, then of the disk. */
    private void own(Session joined) throws IOException {
        boolean atOnce = plan.fence() == ClusterPlan.Fence.COPY;
        Takeover names = takeover(joined);
        Grant tree = names.claim(TREE_KEY, List.of(), null);
        names.fence((before, grant) -> {
            raiseNameFence(grant.epoch());
            if (atOnce) {
                raiseDataFence(before, named(grant.epoch()), grant.epoch());
            }
        });
        names.recover(grant -> "nothing is left half done");
        Storage files = names.open(grant -> named(grant.epoch()));
        history.names(tree.epoch());
        if (atOnce) {
            runGuest(joined, tree, files, open(tree));
        } else {
            ownDisk(joined, files);
        }
        joined.release(tree, Claim.free());
        link.sleep(5_000_000_000L);
    }

    private void ownDisk(Session joined, Storage files) throws IOException {
        Takeover disk = takeover(joined);
        Grant grant = disk.claim(DISK_KEY, List.of(DISK), null);
        disk.fence((before, own) -> raiseDataFence(before, files, own.epoch()));
        disk.recover(own -> "the redo log of another host is void");
        runGuest(joined, grant, files, disk.open(this::open));
        joined.release(grant, Claim.free());
    }

    private Takeover takeover(Session joined) {
        return new Takeover(store, joined, watch, LeaseTimes.DEFAULT, link);
    }

    private RemoteStorage mounted(long namesEpoch, long diskEpoch) {
        boolean locks = plan.fence() == ClusterPlan.Fence.LOCK && !plan.leaves(DATA_FENCE);
        return new RemoteStorage(
                server,
                link,
                locks,
                name -> history.renamed(namesEpoch, name),
                identity -> history.written(diskEpoch, identity));
    }

    private Storage named(long epoch) {
        Storage mounted = mounted(epoch, Long.MAX_VALUE);
        return plan.leaves(NAME_FENCE) ? mounted : new EpochStorage(mounted, epoch);
    }

    private void raiseNameFence(long epoch) throws IOException {
        if (!plan.leaves(NAME_FENCE)) {
            EpochFence.raise(mounted(epoch, Long.MAX_VALUE), epoch);
        }
    }

    private void raiseDataFence(Claim before, Storage files, long epoch) throws IOException {
        if (before.holder() == null || plan.leaves(DATA_FENCE)) {
            return;
        }
        if (plan.fence() == ClusterPlan.Fence.COPY) {
            WrittenFiles.replaceByCopies(files, List.of(DISK));
        } else {
            awaitLock(epoch);
        }
    }

    /** Once it was had, whoever had it before is refused for ever. */
    private void awaitLock(long epoch) throws IOException {
        while (true) {
            try {
                mounted(Long.MAX_VALUE, epoch).open(DISK).close();
                return;
            } catch (StorageLockedException e) {
                link.sleep(500_000_000);
                session().check();
            }
        }
    }

    private Session session() throws IOException {
        if (session == null) {
            throw new IOException("not joined");
        }
        return session;
    }

    private Layer open(Grant grant) throws IOException {
        RemoteStorage mounted = mounted(Long.MAX_VALUE, grant.epoch());
        RedoLog log = RedoLog.open(
                redo,
                "redo",
                new RedoLog.Owner(new UUID(1, 1), new UUID(id, grant.epoch())),
                new UUID(2, grant.epoch()));
        Layer layer = ChainFile.vhd(mounted, DISK).openWritable(mounted, log);
        Map<Integer, Long> values = new HashMap<>();
        for (int sector = 0; sector < SECTORS; sector++) {
            values.put(sector, readSector(layer, sector, grant.epoch()));
        }
        session().check(grant);
        history.opened(grant.epoch(), values);
        return layer;
    }

    private long readSector(Layer layer, int sector, long epoch) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SECTOR_BYTES);
        if (layer.run(sector * SPACING_BYTES, SECTOR_BYTES) < 0) {
            return 0;
        }
        layer.read(sector * SPACING_BYTES, bytes);
        long value = bytes.getLong(0);
        if (value != 0 && bytes.getInt(Long.BYTES) != sector) {
            history.foreign(epoch, sector, value);
        }
        return value;
    }

    private void runGuest(Session joined, Grant grant, Storage files, Layer opened) throws IOException {
        try (Layer layer = opened) {
            owns = true;
            runGuest(joined, grant, layer, files);
        } finally {
            owns = false;
        }
    }

    private void runGuest(Session joined, Grant grant, Layer layer, Storage files) throws IOException {
        while (random.nextInt(100) != 0) {
            link.sleep((200 + random.nextInt(600)) * 1_000_000L);
            if (random.nextInt(REMOVAL_ONE_IN) == 0) {
                removeFormer();
            }
            switch (random.nextInt(5)) {
                case 0 -> changeNames(joined, files);
                case 1 -> read(joined, grant, layer);
                default -> write(joined, grant, layer);
            }
        }
    }

    /** As the owner of an SR does, which may stand still in the midst of it. */
    private void removeFormer() {
        try {
            removed += former.remove(host -> false);
        } catch (IOException e) {
            // Tried again later.
        }
    }

    private void changeNames(Session joined, Storage files) throws IOException {
        joined.check();
        StoredText.write(files, "note", "by host " + id);
        files.create("file-" + id).close();
        files.delete("file-" + id);
    }

    private void write(Session joined, Grant grant, Layer layer) throws IOException {
        int sector = random.nextInt(SECTORS);
        long value = history.newValue();
        checkBefore(joined);
        layer.write(
                sector * SPACING_BYTES,
                ByteBuffer.allocate(SECTOR_BYTES).putLong(0, value).putInt(Long.BYTES, sector));
        layer.flush();
        checkAfter(joined);
        history.wrote(grant.epoch(), sector, value);
    }

    private void read(Session joined, Grant grant, Layer layer) throws IOException {
        int sector = random.nextInt(SECTORS);
        checkBefore(joined);
        long value = readSector(layer, sector, grant.epoch());
        checkAfter(joined);
        history.read(grant.epoch(), sector, value);
    }

    private void checkBefore(Session joined) throws IOException {
        if (!plan.leaves(SELF_FENCING)) {
            joined.check();
        }
    }

    private void checkAfter(Session joined) throws IOException {
        Runnable now = beforeAnswer;
        beforeAnswer = () -> {};
        now.run();
        link.awaitProcessor();
        if (!plan.leaves(SELF_FENCING) && !plan.leaves(CHECK_BEFORE_ANSWER)) {
            joined.check();
        }
    }
}
