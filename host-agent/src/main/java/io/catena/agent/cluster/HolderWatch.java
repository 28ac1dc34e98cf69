package io.catena.agent.cluster;

import io.catena.lease.Claim;
import io.catena.lease.Holder;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Liveness;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks who has an SR, and takes it when that host is dead. Changes nothing before.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class HolderWatch implements Closeable {
    /** So many that no two hosts have the same. */
    private static final int LABEL_DIGITS = 12;

    /** How long an agent is waited for that may be busy, or may have taken the SR just now. */
    private static final Duration ANSWER = Duration.ofSeconds(45);

    private final String sr;
    private final Storage plain;
    private final LeaseStore store;
    private final ThisHost self;
    private final HostWatch watch;

    HolderWatch(String sr, Storage plain, LeaseStore store, ThisHost self) {
        this.sr = sr;
        this.plain = plain;
        this.store = store;
        this.self = self;
        watch = new HostWatch(store, LeaseTimes.DEFAULT, self.clock());
    }

    /**
     * Who has the SR.
     *
     * @param incarnation new each time it takes it, or goes on after it was cut off
     * @param since for humans, in ISO 8601; null if unknown
     * @param url where its agent is reached; empty if nowhere, or if that cannot be read now
     * @param protocol the version of the protocol that its agent and this one speak with each other; 0 for none
     * @param misunderstanding why they have none in common, and what to do; empty if they have
     * @param dead whether it can be taken from it
     * @param silentNanos for how long it has shown no sign of life, as far as this looked
     * @param untilDeadNanos how long it takes at least until it can be taken
     */
    public record Seen(
            String host,
            String name,
            String incarnation,
            @Nullable String since,
            String url,
            int protocol,
            String misunderstanding,
            boolean dead,
            long silentNanos,
            long untilDeadNanos) {}

    /** Returns who has it; empty if nobody. */
    public Optional<Seen> look() throws IOException {
        return seeing(this::lookNow);
    }

    /** What is done by the records. */
    private interface Work<T> {
        T run() throws IOException;
    }

    /** The record may be out of reach before anybody is looked at: whoever has the SR is silent then, and not dead. */
    private <T> T seeing(Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (IOException e) {
            watch.missed();
            throw e;
        }
    }

    private Optional<Seen> lookNow() throws IOException {
        Claim claim = Claim.decode(store.read(LeaseKeys.TREE));
        Holder holder = claim.holder();
        if (holder == null) {
            return Optional.empty();
        }
        Liveness liveness = watch.look(holder);
        Optional<HostRecord> record = record(holder);
        return Optional.of(new Seen(
                holder.host(),
                holder.text(),
                holder.incarnation(),
                claim.since(),
                record.map(HostRecord::url).orElse(""),
                record.map(this::common).orElse(0),
                record.map(this::misunderstanding).orElse(""),
                liveness.isDead(),
                liveness.silentNanos(),
                watch.untilDeadNanos(liveness)));
    }

    private Optional<HostRecord> record(Holder holder) throws IOException {
        Optional<String> note = store.note(holder.note());
        return note.isEmpty() ? Optional.empty() : Optional.of(HostRecord.decode(holder.note(), note.get()));
    }

    private int common(HostRecord record) {
        return self.protocols().common(record.protocols()).orElse(0);
    }

    private String misunderstanding(HostRecord record) {
        if (common(record) != 0) {
            return "";
        }
        boolean isNewer = self.protocols().isOlderThan(record.protocols());
        return "host " + record.name() + " speaks " + record.protocols().text()
                + " of the protocol between agents, host "
                + self.name() + " (this one) " + self.protocols().text() + ": update Catena on host "
                + (isNewer ? self.name() : record.name());
    }

    /**
     * Asks the host that has the SR for the first time.
     *
     * @param question returns nothing if no host has the SR any more that lives
     * @throws io.catena.api.SrException if it does not answer within {@link #ANSWER}
     */
    public <T> T firstAnswer(FirstAnswer.Question<T> question) throws IOException {
        return new FirstAnswer(self.clock(), ANSWER).of(question);
    }

    /** Whether the SR is still had by whom it was, in the same incarnation. */
    public boolean isStillOf(Seen seen) throws IOException {
        Holder holder = Claim.decode(store.read(LeaseKeys.TREE)).holder();
        return holder != null
                && holder.host().equals(seen.host())
                && holder.incarnation().equals(seen.incarnation());
    }

    /**
     * Takes the SR, if it is nobody's, or its owner's that is dead.
     *
     * @throws io.catena.api.SrException if another host has it
     */
    public SharedSr take() throws IOException {
        return seeing(() -> SharedSr.take(sr, plain, store, self, watch));
    }

    /** Returns what this host is called among the hosts: a name for humans, and what tells it from others of that name. */
    public String selfLabel() {
        return label(self.name(), self.id().toString());
    }

    static String label(String name, String host) {
        return name + "." + host.replace("-", "").substring(0, LABEL_DIGITS);
    }

    /** Shows from now on that this host lives, which does not have the SR. */
    public Presence show() {
        return new Presence(sr, store, self).start();
    }

    /** Looks from now on whether others live, and removes what those have left that are no more. */
    public PeerWatch peers(PeerWatch.Owner owner) {
        return new PeerWatch(sr, store, watch, owner).start();
    }

    /** Returns this host's id among the hosts. */
    public String selfId() {
        return self.id().toString();
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
