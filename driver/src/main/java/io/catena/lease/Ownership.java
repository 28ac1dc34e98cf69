package io.catena.lease;

import io.catena.store.Lease;
import io.catena.store.LeaseLostException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * That this host has an SR which others may have, too. Kept by {@link #tick}; while it is not certain, requests are held back
 * ({@link #await}), and go on when it turns out that nobody has taken the SR meanwhile.
 *
 * <p><b>Threads.</b> Safe for use by many threads. One of them calls {@link #tick} again and again.
 */
public final class Ownership implements Lease, Closeable {
    private static final long LOOK_MILLIS = 50;

    private final LeaseStore store;
    private final LeaseTimes times;
    private final BootClock clock;
    private final Supplier<HostRecord> selves;
    private final Renewal renewal;
    private final String since;
    private final List<Runnable> lostListeners = new ArrayList<>();

    private volatile Session session;
    private volatile Grant grant;

    /** Why it never comes back; null if it is not lost. */
    private volatile @Nullable LeaseLostException lost;

    /** What is to be done when this goes on with a higher epoch, before anything else is. */
    @FunctionalInterface
    public interface Renewal {
        void begin(long epoch) throws IOException;
    }

    /**
     * Goes on with what a takeover has claimed.
     *
     * @param selves gives this host's record, with a new incarnation each time
     */
    public Ownership(
            LeaseStore store,
            LeaseTimes times,
            BootClock clock,
            Supplier<HostRecord> selves,
            Renewal renewal,
            Session session,
            Grant grant) {
        this.store = store;
        this.times = times;
        this.clock = clock;
        this.selves = selves;
        this.renewal = renewal;
        this.session = session;
        this.grant = grant;
        String taken = grant.claim().since();
        this.since = taken == null ? "" : taken;
    }

    @Override
    public long epoch() {
        return grant.epoch();
    }

    /**
     * Returns whether the record says, now, that nobody has claimed it since this host did.
     *
     * @throws IOException if the record cannot be reached, or is about to be claimed by this host anew
     */
    public boolean isRecorded() throws IOException {
        check();
        return store.superseded(List.of(grant.entry())).isEmpty();
    }

    /** Whether this host has it, for certain. */
    public boolean isValid() {
        return lost == null && session.isValid();
    }

    @Override
    public void check() throws IOException {
        throwIfLost();
        if (!session.isValid()) {
            throw new IOException("it is not certain now whether this host still has the SR; try again");
        }
    }

    private void throwIfLost() throws LeaseLostException {
        LeaseLostException reason = lost;
        if (reason != null) {
            throw new LeaseLostException(String.valueOf(reason.getMessage()));
        }
    }

    /**
     * Waits until it is certain that this host has it.
     *
     * @throws LeaseLostException if it has not any more
     */
    public void await() throws IOException {
        while (!isValid()) {
            throwIfLost();
            try {
                synchronized (this) {
                    wait(LOOK_MILLIS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for the SR");
            }
        }
    }

    @Override
    public void onLost(Runnable told) {
        synchronized (lostListeners) {
            lostListeners.add(told);
        }
        if (lost != null) {
            told.run();
        }
    }

    /** Returns for how long this host may answer yet, in ns, if nothing is renewed. */
    public long validNanos() {
        return session.validNanos();
    }

    /**
     * Renews; and if the session has lapsed, tries to go on with a new one.
     *
     * @throws IOException if the records cannot be reached now
     */
    public void tick() throws IOException {
        if (lost == null && !session.renew()) {
            rejoin();
        }
    }

    /**
     * Begins a new session and claims again what nobody has taken.
     *
     * <ol>
     *   <li>Join with a new incarnation.
     *   <li>If the record is still this host's own, claim it anew: whoever was about to take it has read an older version.
     *   <li>Begin the new epoch.
     *   <li>Let the requests go on.
     * </ol>
     */
    private void rejoin() throws IOException {
        Session joined = Session.join(store, times, clock, selves.get());
        Optional<Entry> now = store.read(grant.key());
        Claim claim = Claim.decode(now);
        Holder owner = claim.holder();
        if (now.isEmpty()
                || owner == null
                || !owner.host().equals(joined.holder().host())) {
            lose(owner);
            return;
        }
        Optional<Grant> again = joined.claim(
                grant.key(), now.get(), Claim.held(joined.holder(), claim.files(), since.isEmpty() ? null : since));
        if (again.isEmpty()) {
            loseUnlessOwn(joined, Claim.decode(store.read(grant.key())).holder());
            return;
        }
        renewal.begin(again.get().epoch());
        grant = again.get();
        session = joined;
        synchronized (this) {
            notifyAll();
        }
    }

    /** A claim of this host whose answer was lost may have been done late, in the midst of this one. */
    private void loseUnlessOwn(Session joined, @Nullable Holder owner) throws IOException {
        if (owner != null && owner.host().equals(joined.holder().host())) {
            throw new IOException("an earlier claim of this host was done meanwhile; it has to be made anew");
        }
        lose(owner);
    }

    private void lose(@Nullable Holder owner) {
        lost = new LeaseLostException(
                "host " + (owner == null ? "(nobody now)" : owner.text()) + " has taken the SR from this host");
        synchronized (lostListeners) {
            lostListeners.forEach(Runnable::run);
        }
        synchronized (this) {
            notifyAll();
        }
    }

    /** Returns why it is lost; empty if it is not. */
    public Optional<String> lossReason() {
        LeaseLostException reason = lost;
        return reason == null ? Optional.empty() : Optional.ofNullable(reason.getMessage());
    }

    @Override
    public String lossText() {
        return lossReason().orElseGet(Lease.super::lossText);
    }

    /** Gives it up, if it is still had. */
    @Override
    public void close() throws IOException {
        session.release(grant, Claim.free());
        session.close();
        if (lost == null) {
            lost = new LeaseLostException("this host has let go of the SR");
        }
    }
}
