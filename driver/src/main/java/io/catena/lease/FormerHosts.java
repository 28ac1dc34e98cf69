package io.catena.lease;

import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Removes the notes of hosts that are no more: a host has another id after each boot, and one that did not end in order leaves
 * its note behind.
 *
 * <p><b>Why nothing needs them.</b> A note is the proof that a host lives, never that it is dead: who finds none has to wait for
 * as long as for one that does not change, and a claim that finds none waits until a renewal that it may have missed has run out
 * (see {@link Takeover#claim}). So a removal may come at any time, also late, from a host that stood still: it makes others wait,
 * and nothing else. A host that was taken for dead and lives writes its note again with its next renewal. What is not removed
 * would be missed in other ways: the note of the owner says where its agent is, and that of a host with disks that they can be
 * given to others.
 *
 * <p><b>Threads.</b> For one thread.
 */
public final class FormerHosts {
    /** For so long, in ns, a host that does not come back is shown. */
    static final long SHOWN_NANOS = 24 * 3600 * 1_000_000_000L;

    private final LeaseStore store;
    private final HostWatch watch;

    /**
     * @param watch counts for how long hosts are silent: it has to be the same for all calls
     */
    public FormerHosts(LeaseStore store, HostWatch watch) {
        this.store = store;
        this.watch = watch;
    }

    /**
     * Removes what nobody needs; to be called again and again by the owner.
     *
     * <ol>
     *   <li>Look at all hosts.
     *   <li>Leave out those that live or may live, that of the owner by the record, and those that have disks.
     *   <li>Leave out who is dead for less than a day, unless a host of the same name lives: that is most likely the same one
     *       after its next boot.
     *   <li>Remove their notes.
     *   <li>Remove what says that a host was ended by force, when it has no note any more. Until then it is what makes the host
     *       count as dead.
     * </ol>
     *
     * @param isNeeded tells whether a host has disks
     * @return how many notes were removed
     */
    public int remove(Predicate<HostRecord> isNeeded) throws IOException {
        Map<String, HostRecord> hosts = HostRecord.all(store.notes(LeaseKeys.HOSTS));
        Map<String, Liveness> seen = look(hosts.values());
        Set<String> living = hosts.entrySet().stream()
                .filter(host -> !isDead(seen, host.getKey()))
                .map(host -> host.getValue().name())
                .collect(Collectors.toSet());
        int removed = 0;
        for (Map.Entry<String, HostRecord> host : hosts.entrySet()) {
            HostRecord record = host.getValue();
            boolean isOver = isDead(seen, host.getKey())
                    && !isNeeded.test(record)
                    && (living.contains(record.name()) || isLongDead(seen, host.getKey()));
            if (isOver && !isOwner(record.holder())) {
                store.removeNote(host.getKey());
                watch.forget(record.holder());
                removed++;
            }
        }
        return removed + removeWordsAboutNobody();
    }

    private Map<String, Liveness> look(Collection<HostRecord> hosts) throws IOException {
        Map<String, Liveness> seen = new HashMap<>();
        for (HostRecord host : hosts) {
            seen.put(host.key(), watch.look(host.holder()));
        }
        return seen;
    }

    private static boolean isDead(Map<String, Liveness> seen, String note) {
        Liveness liveness = seen.get(note);
        return liveness != null && liveness.isDead();
    }

    private static boolean isLongDead(Map<String, Liveness> seen, String note) {
        Liveness liveness = seen.get(note);
        return liveness != null && liveness.silentNanos() >= SHOWN_NANOS;
    }

    private boolean isOwner(Holder holder) throws IOException {
        return Claim.decode(store.read(LeaseKeys.TREE)).isOf(holder);
    }

    private int removeWordsAboutNobody() throws IOException {
        int removed = 0;
        for (Map.Entry<String, String> word : new TreeMap<>(store.notes(LeaseKeys.FENCED)).entrySet()) {
            Holder holder;
            try {
                holder = JsonRecords.decode(word.getKey(), word.getValue(), Holder.class);
            } catch (IOException e) {
                continue; // of whom it is cannot be told
            }
            if (holder.fencedNote().equals(word.getKey())
                    && store.note(holder.note()).isEmpty()
                    && !isOwner(holder)) {
                store.removeNote(word.getKey());
                removed++;
            }
        }
        return removed;
    }
}
