package io.catena.lease;

import io.catena.store.LeaseLostException;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The time in which a host counts as living in one SR. There is one renewal for the host, however much it holds.
 *
 * <p>A session that was not renewed in time has <em>lapsed</em>, and that is for good: others may hold what it held. Who wants
 * to go on joins anew, and then claims again what is still as it left it.
 *
 * <p><b>Threads.</b> Safe for use by many threads. {@link #renew} waits for the store; {@link #isValid} never waits.
 */
public final class Session implements Closeable {
    /** What {@link #validUntil} is when the session has ended. */
    private static final long ENDED = Long.MIN_VALUE;

    private final LeaseStore store;
    private final LeaseTimes times;
    private final BootClock clock;
    private final Holder holder;

    /** By key. */
    private final Map<String, Grant> grants = new ConcurrentHashMap<>();

    private final List<Runnable> lapseListeners = new CopyOnWriteArrayList<>();

    /** When the session lapses, by {@link #clock}. */
    private final AtomicLong validUntil;

    /** As it was written last; guarded by this. */
    private HostRecord note;

    private volatile String reason = "";

    private Session(LeaseStore store, LeaseTimes times, BootClock clock, HostRecord note, long validUntil) {
        this.store = store;
        this.times = times;
        this.clock = clock;
        this.note = note;
        this.holder = note.holder();
        this.validUntil = new AtomicLong(validUntil);
    }

    /**
     * Begins a session.
     *
     * @param self with an incarnation that no session ever had
     */
    public static Session join(LeaseStore store, LeaseTimes times, BootClock clock, HostRecord self)
            throws IOException {
        long sent = clock.nanos();
        store.writeNote(self.key(), self.encode());
        return new Session(store, times, clock, self, sent + times.validNanos());
    }

    /** Returns who holds what this session holds. */
    public Holder holder() {
        return holder;
    }

    /** Returns how long, in ns, the session is valid yet, if it is not renewed; not more than 0 if it has lapsed. */
    public long validNanos() {
        long until = validUntil.get();
        if (until == ENDED) {
            return 0;
        }
        long left = until - clock.nanos();
        if (left <= 0 && validUntil.compareAndSet(until, ENDED)) {
            // Seen by somebody, so it stays like that: also if a renewal is answered just now.
            lapsed("it was not renewed for " + times.validNanos() / 1_000_000 + " ms");
        }
        return left;
    }

    /** Whether what the session holds is its own still, and its holder may answer for it. */
    public boolean isValid() {
        return validNanos() > 0;
    }

    /** Whether a renewal is late, although the session is still valid. */
    public boolean isLate() {
        return validNanos() < times.validNanos() - 2 * times.renewNanos();
    }

    /**
     * Makes sure that the session is valid.
     *
     * @throws LeaseLostException if it has lapsed
     */
    public void check() throws LeaseLostException {
        if (!isValid()) {
            throw new LeaseLostException("this host has lost its leases: " + reason);
        }
    }

    /** Runs {@code listener} once, when somebody finds that the session has lapsed. */
    public void onLapse(Runnable listener) {
        lapseListeners.add(listener);
    }

    private void lapse(String why) {
        if (validUntil.getAndSet(ENDED) != ENDED) {
            lapsed(why);
        }
    }

    private void lapsed(String why) {
        reason = why;
        lapseListeners.forEach(Runnable::run);
    }

    /**
     * Renews the session. To be called every {@link LeaseTimes#renewNanos}, and again at once if it throws.
     *
     * <ol>
     *   <li>Only while it is valid.
     *   <li>Write the note, durably. Others see from now on that this host lives.
     *   <li>Look whether anything that it holds was taken by somebody else, who saw no sign of life before that. Then they do not
     *       believe that it lives, and nothing of it is its own any more.
     *   <li>It is valid for so long after the moment at which step 2 <em>began</em>, if it has not lapsed meanwhile.
     * </ol>
     *
     * <p>While the clocks are as {@link LeaseTimes} expects, step 3 finds nothing that step 4 would not: what counts as dead has
     * lapsed before. It is for hosts that do not know how late it is, since they were paused with their clock, as virtual machines
     * are, and for those that somebody took for {@linkplain HostWatch#fenced fenced}: they answer until their next renewal.
     *
     * @return whether the session is valid
     * @throws IOException if it could not be renewed now
     */
    public synchronized boolean renew() throws IOException {
        long sent = clock.nanos();
        if (!isValid()) {
            return false;
        }
        note = note.renewed();
        store.writeNote(note.key(), note.encode());
        for (Entry lost : taken(grants.values())) {
            lapse("another host has taken " + lost.key());
        }
        return extend(sent + times.validNanos());
    }

    private boolean extend(long until) {
        long before = validUntil.get();
        return isValid() && validUntil.compareAndSet(before, Math.max(before, until));
    }

    /** Returns the records that others have changed. */
    private List<Entry> taken(Collection<Grant> mine) throws IOException {
        List<Entry> entries = mine.stream().map(Grant::entry).collect(Collectors.toList());
        for (Entry entry : store.superseded(entries)) {
            Optional<Entry> now = store.read(entry.key());
            Grant grant = grants.get(entry.key());
            if (grant != null
                    && grant.entry().equals(entry)
                    && !Claim.decode(now).isOf(holder)) {
                return List.of(entry);
            }
        }
        return List.of();
    }

    /**
     * Tries to take what a record is about; the caller knows that its holder, if any, answers no more.
     *
     * <ol>
     *   <li>Change the record.
     *   <li>From now on renewals look after it.
     *   <li>Look once more: a renewal that ran meanwhile did not, and others may have taken it since.
     * </ol>
     *
     * @param old the record as it was read; null if there was none
     * @return empty if somebody else was first
     * @throws LeaseLostException if the session has lapsed before, or meanwhile: nothing is held then
     */
    public Optional<Grant> claim(String key, @Nullable Entry old, Claim claim) throws IOException {
        check();
        Optional<Entry> written = store.replace(key, old, claim.encode());
        if (written.isEmpty()) {
            return Optional.empty();
        }
        Grant grant = new Grant(written.get(), claim);
        grants.put(key, grant);
        if (!taken(List.of(grant)).isEmpty()) {
            lapse("another host has taken " + key);
        }
        check();
        return Optional.of(grant);
    }

    /**
     * Changes what the record of something says that this session holds.
     *
     * @throws LeaseLostException if it is not held any more
     */
    public Grant amend(Grant grant, Claim claim) throws IOException {
        return claim(grant.key(), check(grant).entry(), claim).orElseThrow(() -> lost(grant));
    }

    /** Returns {@code grant} if it holds. */
    public Grant check(Grant grant) throws LeaseLostException {
        check();
        Grant now = grants.get(grant.key());
        if (now == null || !now.entry().equals(grant.entry())) {
            throw lost(grant);
        }
        return grant;
    }

    private static LeaseLostException lost(Grant grant) {
        return new LeaseLostException(
                "this host does not hold " + grant.key() + " of epoch " + grant.epoch() + " any more");
    }

    /**
     * Gives something up; nobody on this host uses it any more.
     *
     * @param next what the record says then: nobody's, or that of whom it is given to
     * @return whether it was still held
     */
    public boolean release(Grant grant, Claim next) throws IOException {
        // First, so that no renewal takes the change for one by others.
        return grants.remove(grant.key(), grant)
                && isValid()
                && store.replace(grant.key(), grant.entry(), next.encode()).isPresent();
    }

    /** Ends the session; what it holds and has not given up can be taken by others as if this host were dead. */
    @Override
    public void close() throws IOException {
        lapseListeners.clear();
        lapse("it was ended");
        if (grants.isEmpty()) {
            store.removeNote(holder.note());
        }
    }
}
