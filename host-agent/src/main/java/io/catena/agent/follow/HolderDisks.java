package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.keep.ServedDisk;
import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * This host's disks at the host that has the SR: takes them there, connects to them, and tells whether they are still this host's.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
class HolderDisks {
    private static final Duration CONNECTING = Duration.ofSeconds(5);

    private final HolderCalls calls;
    private final HolderWatch watch;
    private final SSLContext tls;
    private final String self;
    private final String session = UUID.randomUUID().toString();

    /**
     * @param self what this host is called among the hosts
     */
    HolderDisks(HolderCalls calls, HolderWatch watch, SSLContext tls, String self) {
        this.calls = calls;
        this.watch = watch;
        this.tls = tls;
        this.self = self;
    }

    /** Returns the host that has the SR, as far as is known. */
    Seen holder() {
        return calls.holder();
    }

    /** Returns what that host says is ours. */
    Pool.Claims claims() {
        return calls.claims();
    }

    void attach(VdiId vdi, String holder, AccessMode mode) {
        calls.take("attach", of(vdi, holder).and("mode", mode));
    }

    /** When it returns that host gives the disk to nobody else, and has given this one a ticket, which is in the answer. */
    Pool.Claims activate(VdiId vdi, String holder, AccessMode mode) {
        return calls.activate(of(vdi, holder).and("mode", mode).and(PeerOperations.SESSION, session));
    }

    /**
     * From now on that host may give the disk to others.
     *
     * @param ticket by which we had it, and which is never used again; null if it is not known
     */
    void deactivate(VdiId vdi, String holder, @Nullable String ticket) {
        calls.take(
                "deactivate", of(vdi, holder).and(PeerOperations.TICKET, ticket).and(PeerOperations.SESSION, session));
    }

    void detach(VdiId vdi, String holder) {
        calls.take("detach", of(vdi, holder));
    }

    private static Arguments of(VdiId vdi, String holder) {
        return Arguments.of("vdi", vdi).and("holder", holder);
    }

    /** Returns what {@link #activate} was given. */
    String ticket(Pool.Claims claims, VdiId vdi, String holder) throws IOException {
        return claims.held().stream()
                .filter(held -> held.vdi().equals(vdi) && held.holder().equals(Hold.ofFollower(self, holder)))
                .map(Held::ticket)
                .findFirst()
                .orElseThrow(() -> new IOException("the host that has the SR gave no ticket for VDI " + vdi));
    }

    /** Begins to connect to the host that has the SR, for a disk that it will give us; null if it is not known where to. */
    @Nullable
    Approach approach() {
        int port = calls.nbdPort();
        try {
            return port == 0 ? null : Approach.begin(server(calls.holder(), port), tls, CONNECTING);
        } catch (IOException e) {
            return null;
        }
    }

    private static InetSocketAddress server(Seen holder, int port) throws IOException {
        return new InetSocketAddress(PeerClient.address(holder.url()), port);
    }

    /**
     * Connects to a disk, by which former connections to it end.
     *
     * @param port where {@code holder} serves disks; 0 if nowhere
     * @param ahead may have connected to {@code holder} already
     */
    ServedDisk connect(FollowedDisk disk, Seen holder, int port, @Nullable Approach ahead) throws IOException {
        String ticket = disk.owns().stream()
                .map(FollowedDisk.Own::ticket)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow(() -> new IOException("VDI " + disk.vdi() + " is not active"));
        if (port == 0) {
            throw new SrException(
                            SrError.UNIMPLEMENTED,
                            "Host " + holder.name() + ", which has the SR, serves no disks over TLS")
                    .correction("Start its agent with --nbd-listen and --nbd-tls-certificate.");
        }
        InetSocketAddress server = server(holder, port);
        String export = disk.vdi() + "@" + ticket;
        RemoteDisk opened = ahead == null ? null : ahead.open(server, export);
        RemoteDisk remote = opened == null ? RemoteDisk.connect(server, tls, export, CONNECTING) : opened;
        return new HolderDisk(remote, () -> watch.isStillOf(holder));
    }

    /** Whether all tickets are those that we were given: else it was taken from us meanwhile, and others may have written. */
    boolean isOurs(FollowedDisk disk, List<Held> claims) {
        return disk.owns().stream()
                .filter(FollowedDisk.Own::isActive)
                .allMatch(own -> claims.stream().anyMatch(held -> isSame(own, held)));
    }

    /** As {@link Pool.Claims#tooMuch}. */
    List<Pool.Claimed> tooMuch(Collection<Hold> holds, Pool.Claims claims) {
        return claims.tooMuch(self, holds);
    }

    private boolean isSame(FollowedDisk.Own own, Held held) {
        return held.vdi().equals(own.hold().vdi())
                && held.holder().equals(Hold.ofFollower(self, own.hold().holder()))
                && held.ticket() != null
                && held.ticket().equals(own.ticket());
    }
}
