package io.catena.agent.cluster;

import io.catena.api.PeerHost;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.lease.BootClock;
import io.catena.lease.Claim;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BinaryOperator;

/**
 * The SRs that several hosts may reach, as this host sees them.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class SharedSrs {
    private static final String SR_RECORD = ".catena/sr.json";
    private static final String LOCK = ".catena/lock";

    /** Of the sessions of one host: that which has the SR, else one that lives, else the latest. */
    private static final BinaryOperator<PeerHost> TELLING = BinaryOperator.maxBy(Comparator.comparing(PeerHost::holds)
            .thenComparing(host -> host.state().equals("alive"))
            .thenComparing(host -> Objects.requireNonNullElse(host.since(), "")));

    private final ThisHost self;

    /**
     * @param idFile in the run directory
     * @param url where other agents reach this one; empty if they do not
     */
    public SharedSrs(Path idFile, UUID bootId, BootClock clock, String url) throws IOException {
        self = ThisHost.of(idFile, bootId, clock, url);
    }

    /** Returns what looks who has the SR in a directory, if several hosts may reach it; empty if not. */
    public Optional<HolderWatch> watch(Path directory, Storage storage) throws IOException {
        Optional<Coordination> coordination = coordination(storage);
        return coordination.isEmpty()
                ? Optional.empty()
                : Optional.of(new HolderWatch(
                        directory.toString(), storage, coordination.get().open(storage), self));
    }

    private Optional<Coordination> coordination(Storage storage) throws IOException {
        return Coordination.read(storage).map(found -> found.spokenBy(self));
    }

    /** Lets several hosts reach an SR, which nobody has now. */
    public void share(Storage storage, String how) throws IOException {
        if (!storage.exists(SR_RECORD)) {
            throw new SrException(SrError.SR_UNAVAILABLE, "There is no SR: " + SR_RECORD + " is missing")
                    .correction("Give the directory of an SR; one is made with: ", Remedy.of(Verb.SR_CREATE));
        }
        Closeable lock = lock(storage);
        try {
            Optional<Coordination> known = coordination(storage);
            if (known.isPresent() && !free(known.get().open(storage))) {
                throw new SrException(SrError.SR_IN_USE, "A host has the SR; how hosts agree cannot be changed now")
                        .correction("Detach it on all hosts first.");
            }
            String id = known.map(Coordination::id)
                    .orElseGet(() -> UUID.randomUUID().toString());
            Coordination wanted = new Coordination(
                    how, id, null, null, null, known.map(Coordination::protocol).orElse(null));
            wanted.open(storage).close();
            wanted.write(storage);
        } finally {
            lock.close();
        }
    }

    private static Closeable lock(Storage storage) throws IOException {
        try {
            return storage.lock(LOCK);
        } catch (StorageLockedException e) {
            throw new SrException(SrError.SR_IN_USE, "A host has the SR: " + e.getMessage(), e)
                    .correction("Detach it on all hosts first.");
        }
    }

    private static boolean free(LeaseStore store) throws IOException {
        return Claim.decode(store.read(LeaseKeys.TREE)).holder() == null;
    }

    /** Looks at the hosts that have shown themselves in an SR, for long enough to tell whether they live. */
    public List<PeerHost> peers(Storage storage) throws IOException {
        LeaseStore store = opened(storage);
        HostWatch watch = new HostWatch(store, LeaseTimes.DEFAULT, self.clock());
        Map<String, String> before = store.notes(LeaseKeys.HOSTS);
        self.clock().sleep(LeaseTimes.DEFAULT.renewNanos() * 2);
        Claim claim = Claim.decode(store.read(LeaseKeys.TREE));
        Map<String, PeerHost> peers = new TreeMap<>();
        Map<String, String> now = store.notes(LeaseKeys.HOSTS);
        Map<String, Set<VdiId>> disks = FollowerDisks.read(storage);
        for (Map.Entry<String, HostRecord> note : HostRecord.all(now).entrySet()) {
            HostRecord record = note.getValue();
            boolean lives = !Objects.equals(now.get(note.getKey()), before.get(note.getKey()));
            boolean fenced = watch.look(record.holder()).isDead();
            PeerHost peer = new PeerHost(
                    record.host(),
                    record.name(),
                    fenced ? "fenced" : lives ? "alive" : "silent",
                    record.host().equals(self.id().toString()),
                    claim.isOf(record.holder()),
                    claim.isOf(record.holder()) ? claim.since() : record.since(),
                    List.copyOf(disks.getOrDefault(HolderWatch.label(record.name(), record.host()), Set.of())));
            peers.merge(record.host(), peer, TELLING);
        }
        return List.copyOf(peers.values());
    }

    /** Takes the word of whoever has ended a host by force. */
    public void fenced(Storage storage, String host) throws IOException {
        LeaseStore store = opened(storage);
        HostWatch watch = new HostWatch(store, LeaseTimes.DEFAULT, self.clock());
        boolean known = false;
        for (HostRecord record : HostRecord.all(store.notes(LeaseKeys.HOSTS)).values()) {
            if (record.host().equals(host) || record.name().equals(host)) {
                watch.fenced(record.holder());
                known = true;
            }
        }
        if (!known) {
            throw new SrException(SrError.BAD_REQUEST, "No host \"" + host + "\" has shown itself in this SR")
                    .correction("See: ", Remedy.of(Verb.HOST_LS, "DIR"));
        }
    }

    private LeaseStore opened(Storage storage) throws IOException {
        return coordination(storage)
                .orElseThrow(() -> new SrException(SrError.BAD_REQUEST, "The SR is one host's alone")
                        .correction(
                                "Share it while it is detached: ",
                                Remedy.of(Verb.SR_SHARE, "DIR").with("coordination", "files")))
                .open(storage);
    }
}
