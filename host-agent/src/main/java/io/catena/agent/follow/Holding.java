package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.PeerWatch;
import io.catena.agent.cluster.SharedSr;
import io.catena.agent.follow.content.PeerImports;
import io.catena.agent.host.AttachedSr;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.lease.Liveness;
import io.catena.log.LogLine;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An SR that this host has, with what it does for those that follow. Safe for use by many threads. */
record Holding(
        AttachedSr sr,
        SharedSr right,
        Followers followers,
        Turns turns,
        Returns returns,
        PeerWatch peers,
        PeerImports imports) {
    private static final Logger LOG = Logger.getLogger(Holding.class.getName());

    /**
     * @param stateId tells what this agent has saved from what others have
     * @param afterLook acts on what was seen of the hosts that follow
     */
    static Holding of(AttachedSr sr, SharedSr right, HolderWatch watch, String stateId, Runnable afterLook) {
        Followers followers = Followers.read(sr.repository().notes(), stateId, task -> writeLater(sr.name(), task));
        PeerWatch peers = watch.peers(owner(followers, right, afterLook));
        return new Holding(
                sr,
                right,
                followers,
                new Turns(),
                new Returns(System::nanoTime),
                peers,
                new PeerImports(System::nanoTime));
    }

    private static void writeLater(String sr, Runnable task) {
        Thread thread = new Thread(task, "followers-note of " + sr);
        thread.setDaemon(true);
        thread.start();
    }

    private static PeerWatch.Owner owner(Followers followers, SharedSr right, Runnable afterLook) {
        return new PeerWatch.Owner() {
            @Override
            public Set<String> users() {
                return followers.all().stream()
                        .flatMap(held -> Hold.follower(held.holder()).stream())
                        .collect(Collectors.toSet());
            }

            @Override
            public void check() throws IOException {
                right.check();
            }

            @Override
            public void afterLook() {
                afterLook.run();
            }
        };
    }

    /** Makes sure that it is this host's, so that what was found is true and what was done is done. */
    void check() {
        try {
            right.check();
        } catch (IOException e) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "It is not certain that this host still has SR " + sr.name() + ": " + e.getMessage(),
                            e)
                    .correction("Ask again in some seconds.");
        }
    }

    /** Lets followers have what they had, but for those of {@code self}. */
    void restoreFollowers(String self) {
        String ours = Hold.ofFollower(self, "");
        for (Held held : followers.all()) {
            if (!held.holder().startsWith(ours)) {
                restore(held);
            }
        }
    }

    private void restore(Held held) {
        try {
            sr.restore(held.vdi(), held.holder(), held.mode(), held.active());
            if (held.active() == AccessMode.READ_WRITE) {
                returns.expect(held.vdi());
            }
        } catch (RuntimeException e) {
            LOG.log(Level.SEVERE, LogLine.of("follower-not-restored", "vdi", held.vdi(), "holder", held.holder()), e);
        }
    }

    /**
     * Lets a holder of this host have a disk again that it had before the agent was started anew. Then no follower had it active: this
     * host's disks are saved before a follower is told that it has one. One that is noted ahead has it no more.
     */
    void restoreOwn(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
        Optional<Held> ahead = active == AccessMode.READ_WRITE ? followers.notedAhead(vdi) : Optional.empty();
        if (ahead.isPresent()) {
            sr.repository().deactivate(vdi, ahead.get().holder());
            holdsChanged();
        }
        sr.restore(vdi, holder, mode, active);
    }

    /** Writes what was left for later; the SR is about to be closed. */
    void settle() {
        try {
            followers.settle();
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("followers-not-noted", "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Lets a connection of a follower in; null if it has to ask again. */
    @Nullable
    BlockDevice admit(VdiId vdi, String ticket, BlockDevice device) {
        return turns.begin(ticket, device, () -> returns.returned(vdi));
    }

    /** Keeps what followers have, see {@link AttachedSr#holdsChanged}. */
    void holdsChanged() {
        followers.become(() -> sr.repository().holds());
        List<Held> active =
                followers.all().stream().filter(held -> held.ticket() != null).toList();
        turns.retain(active.stream().map(Held::ticket).filter(Objects::nonNull).collect(Collectors.toSet()));
        returns.retain(active.stream().map(Held::vdi).collect(Collectors.toSet()));
    }

    /** See {@link AttachedSr#awaitComplete}. */
    void awaitComplete(Collection<VdiId> vdis) {
        vdis.stream().filter(this::isOfDead).forEach(returns::returned);
        returns.await(vdis);
    }

    private boolean isOfDead(VdiId vdi) {
        List<Held> active = followers.all().stream()
                .filter(held -> held.vdi().equals(vdi) && held.active() == AccessMode.READ_WRITE)
                .toList();
        return active.stream()
                .allMatch(
                        held -> liveness(held.holder()).filter(Liveness::isDead).isPresent());
    }

    /**
     * See {@link AttachedSr#taking}. A follower's requests all come through this host, so that nothing needs to be fenced:
     *
     * <ol>
     *   <li>End what dead followers have of the disk: their connections, after what is under way.
     *   <li>Keep that; their tickets let nobody in any more.
     *   <li>Let the holder take the disk.
     * </ol>
     *
     * @param holder who asks; his own host lives
     */
    Export taking(VdiId vdi, String holder, Supplier<Export> work) {
        releaseDead(vdi, Hold.follower(holder).orElse(""));
        try {
            return work.get();
        } catch (SrException e) {
            String others = e.error() == SrError.VDI_IN_USE ? describeFollowers(vdi) : "";
            if (others.isEmpty()) {
                throw e;
            }
            SrException told = new SrException(e.error(), e.detail() + others, e);
            throw e.advice() == null ? told : told.correction(e.advice());
        }
    }

    private void releaseDead(VdiId vdi, String asking) {
        boolean released = false;
        if (followers.all().stream().anyMatch(held -> held.vdi().equals(vdi))) {
            peers.refresh();
        }
        for (Held held : followers.all()) {
            String follower = Hold.follower(held.holder()).orElse("");
            boolean isDead = held.vdi().equals(vdi)
                    && !follower.equals(asking)
                    && liveness(held.holder()).filter(Liveness::isDead).isPresent();
            if (isDead) {
                sr.repository().detach(vdi, held.holder());
                released = true;
                LOG.warning(LogLine.of("dead-follower-released", "vdi", vdi, "holder", held.holder()));
            }
        }
        if (released) {
            holdsChanged();
        }
    }

    /** Returns what hosts have that were ended by force, as somebody said. */
    List<Held> ofFenced() {
        return followers.all().stream()
                .filter(held ->
                        Hold.follower(held.holder()).filter(peers::isFenced).isPresent())
                .toList();
    }

    private String describeFollowers(VdiId vdi) {
        return followers.all().stream()
                .filter(held -> held.vdi().equals(vdi))
                .map(held -> describe(held.holder()))
                .flatMap(Optional::stream)
                .distinct()
                .collect(Collectors.joining());
    }

    private Optional<String> describe(String holder) {
        String follower = Hold.follower(holder).orElse("");
        return liveness(holder)
                .map(now -> "; host " + follower
                        + (now.state() == Liveness.State.ALIVE
                                ? " lives"
                                : " has been silent for " + seconds(now.silentNanos())
                                        + " s, and can lose the disk to who asks in "
                                        + seconds(peers.untilDeadNanos(now) + TimeUnit.SECONDS.toNanos(1)) + " s"));
    }

    private static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    private Optional<Liveness> liveness(String holder) {
        return Hold.follower(holder).flatMap(peers::of);
    }

    List<Held> ofFollower(String follower) {
        String prefix = Hold.ofFollower(follower, "");
        return followers.all().stream()
                .filter(held -> held.holder().startsWith(prefix))
                .toList();
    }
}
