package io.catena.lease;

import io.catena.store.LeaseLostException;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The steps by which a host gets what is nobody's, or a dead host's. Their order is all that keeps a dead host's late writes out
 * of what the new owner reads, so it is asserted:
 *
 * <ol>
 *   <li><b>Claim.</b> The record names the new owner, with a higher epoch. The old one, if it lives after all, answers no more.
 *   <li><b>Fence.</b> What the old owner has under way is refused from now on, or has no effect.
 *   <li><b>Recover.</b> What it left half done is completed. Nothing changes under the new owner's eyes any more.
 *   <li><b>Open.</b>
 * </ol>
 *
 * <p><b>Threads.</b> For one thread.
 */
public final class Takeover {
    private final LeaseStore store;
    private final Session session;
    private final HostWatch watch;
    private final LeaseTimes times;
    private final BootClock clock;
    private Step next = Step.CLAIM;
    private @Nullable Grant grant;
    private Claim before = Claim.free();

    public Takeover(LeaseStore store, Session session, HostWatch watch, LeaseTimes times, BootClock clock) {
        this.store = store;
        this.session = session;
        this.watch = watch;
        this.times = times;
        this.clock = clock;
    }

    /** What is to be done next. */
    public enum Step {
        CLAIM,
        FENCE,
        RECOVER,
        OPEN,
        DONE
    }

    /** Makes what the former owner has under way without effect. */
    @FunctionalInterface
    public interface Fence {
        /**
         * Raises the fence.
         *
         * @param before what the former owner said; nobody's if it gave it up in order
         */
        void raise(Claim before, Grant grant) throws IOException;
    }

    /** A step. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Grant grant) throws IOException;
    }

    /**
     * Claims what the record {@code key} is about.
     *
     * <ol>
     *   <li>Read the record. It must be nobody's, or of this host's, or of a host that is dead.
     *   <li>Change it, unless somebody else is first.
     *   <li>Look once more for a sign of life: a renewal of the dead host may have been under way, which did not see this claim.
     *       If there was one, or if its note is not there to tell, wait until it has run out.
     * </ol>
     *
     * @param files what this host is going to write
     * @param since the time of day, for humans, in ISO 8601
     * @throws HeldElsewhereException if a host holds it that is not known to be dead
     */
    public Grant claim(String key, List<String> files, @Nullable String since) throws IOException {
        enter(Step.CLAIM, Step.FENCE);
        Optional<Entry> old = store.read(key);
        before = Claim.decode(old);
        Holder owner = before.holder();
        Liveness liveness = owner == null || isOwn(owner) ? null : requireDead(key, before, owner);
        Grant won = session.claim(key, old.orElse(null), Claim.held(session.holder(), files, since))
                .orElseThrow(() -> new LeaseLostException("another host was first to take " + key));
        if (owner != null && liveness != null) {
            waitForLateRenewal(owner, liveness);
        }
        session.check(won);
        grant = won;
        return won;
    }

    /** Whether it is of this host: there is one process that has its sessions, and its former ones have lapsed. */
    private boolean isOwn(Holder owner) {
        return owner.host().equals(session.holder().host());
    }

    private Liveness requireDead(String key, Claim claim, Holder owner) throws IOException {
        Liveness liveness = watch.look(owner);
        if (!liveness.isDead()) {
            throw new HeldElsewhereException(key, owner, claim.since(), liveness, watch.untilDeadNanos(liveness));
        }
        return liveness;
    }

    /**
     * Needed for hosts that were paused with their clock: one that wakes between our last look and our claim renews, sees no claim,
     * and answers until its next renewal. All others have lapsed before they count as dead.
     */
    private void waitForLateRenewal(Holder owner, Liveness liveness) throws IOException {
        if (!watch.isUnchanged(owner, liveness) && !watch.isFenced(owner)) {
            clock.sleep(times.deadNanos());
        }
    }

    /** Raises the fence. */
    public void fence(Fence fence) throws IOException {
        enter(Step.FENCE, Step.RECOVER);
        fence.raise(before, held());
    }

    /** Completes what was left half done. */
    public void recover(Work<?> recovery) throws IOException {
        enter(Step.RECOVER, Step.OPEN);
        recovery.run(held());
    }

    /** Opens what was claimed. */
    public <T> T open(Work<T> opening) throws IOException {
        enter(Step.OPEN, Step.DONE);
        T opened = opening.run(held());
        held();
        return opened;
    }

    private void enter(Step expected, Step then) {
        if (next != expected) {
            throw new IllegalStateException("the takeover is to " + next + " next, not to " + expected);
        }
        next = then;
    }

    /** Returns what was claimed. */
    public Grant grant() {
        return Objects.requireNonNull(grant, "grant");
    }

    /** Returns what was claimed, and holds. */
    private Grant held() throws IOException {
        return session.check(grant());
    }
}
