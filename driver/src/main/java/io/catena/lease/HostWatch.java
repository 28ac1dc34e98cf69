package io.catena.lease;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells from their notes whether other hosts live.
 *
 * <p>A host is dead if a look that began at least {@link LeaseTimes#deadNanos} after its note was first <em>received</em> as it
 * is finds it unchanged: the note was written before that, by a renewal sent before that. A note that is not there is no
 * proof of anything by itself, since a client's cache may say so of one that was just made; it must be missing for as long.
 *
 * <p>Time in which nothing could be seen does not count: while a look is under way, and from the last answer on if one has
 * failed. When a file server or etcd was away for all, its hosts were silent and are not dead; they have time to be back first.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class HostWatch {
    private final LeaseStore store;
    private final LeaseTimes times;
    private final BootClock clock;
    private final Map<String, Seen> seenByNote = new ConcurrentHashMap<>();

    public HostWatch(LeaseStore store, LeaseTimes times, BootClock clock) {
        this.store = store;
        this.times = times;
        this.clock = clock;
    }

    /**
     * A note.
     *
     * @param answeredNanos when it was received last
     * @param silentNanos for how long it was seen like that
     * @param failed whether a look has failed since
     */
    private record Seen(Optional<String> note, long answeredNanos, long silentNanos, boolean failed) {
        Seen failing() {
            return new Seen(note, answeredNanos, silentNanos, true);
        }

        Seen again(long sent, long received) {
            long silent = failed ? silentNanos : silentNanos + Math.max(0, sent - answeredNanos);
            return new Seen(note, Math.max(answeredNanos, received), silent, false);
        }
    }

    /** Looks at a host's note. */
    public Liveness look(Holder holder) throws IOException {
        long sent = clock.nanos();
        try {
            boolean fenced = isFenced(holder);
            Optional<String> note = store.note(holder.note());
            long received = clock.nanos();
            Seen now = seenByNote.compute(
                    holder.note(),
                    (key, before) -> before != null && before.note().equals(note)
                            ? before.again(sent, received)
                            : new Seen(note, received, 0, false));
            return new Liveness(state(fenced, now.silentNanos()), now.silentNanos(), note);
        } catch (IOException e) {
            seenByNote.computeIfPresent(holder.note(), (key, before) -> before.failing());
            throw e;
        }
    }

    /** Nothing could be seen of any host, not even which there are to look at: as if a look at each had failed. */
    public void missed() {
        seenByNote.replaceAll((note, seen) -> seen.failing());
    }

    private Liveness.State state(boolean fenced, long silentNanos) {
        if (silentNanos >= times.deadNanos() || fenced) {
            return Liveness.State.DEAD;
        }
        return silentNanos <= 2 * times.renewNanos() ? Liveness.State.ALIVE : Liveness.State.SILENT;
    }

    /**
     * Whether a host has, for certain, shown no sign of life since it was looked at before. Never certain if its note is not there:
     * somebody may have removed it, and after a renewal once more.
     */
    boolean isUnchanged(Holder holder, Liveness before) throws IOException {
        Optional<String> now = store.note(holder.note());
        return now.isPresent() && now.equals(before.note());
    }

    /** Forgets what was seen of a host whose note was removed. */
    void forget(Holder holder) {
        seenByNote.remove(holder.note());
    }

    /** Returns how long, in ns, it takes at least until a host that has been silent for so long counts as dead. */
    public long untilDeadNanos(Liveness liveness) {
        return liveness.isDead() ? 0 : Math.max(0, times.deadNanos() - liveness.silentNanos());
    }

    /** Whether the admin says that the host was ended by force. */
    public boolean isFenced(Holder holder) throws IOException {
        return store.note(holder.fencedNote()).isPresent();
    }

    /** Takes the word of whoever has ended a host by force, so that nobody waits until it counts as dead. */
    public void fenced(Holder holder) throws IOException {
        store.writeNote(holder.fencedNote(), JsonRecords.encode(holder));
    }
}
