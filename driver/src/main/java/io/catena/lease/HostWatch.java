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

    /** A note, and when it was first received like that. */
    private record Seen(Optional<String> note, long nanos) {}

    /** Looks at a host's note. */
    public Liveness look(Holder holder) throws IOException {
        long sent = clock.nanos();
        Optional<String> note = store.note(holder.note());
        Seen now = new Seen(note, clock.nanos());
        Seen first = seenByNote.merge(
                holder.note(), now, (before, latest) -> before.note().equals(note) ? before : latest);
        long silent = Math.max(0, sent - first.nanos());
        return new Liveness(state(holder, silent), silent, note);
    }

    private Liveness.State state(Holder holder, long silentNanos) throws IOException {
        if (silentNanos >= times.deadNanos() || isFenced(holder)) {
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
