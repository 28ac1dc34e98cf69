package io.catena.agent.follow;

import io.catena.agent.control.Call;
import io.catena.agent.control.Query;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.agent.control.route.ContentStreamed;
import io.catena.agent.nbd.NbdExports;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What this agent is for those of other hosts, and they for it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Pool implements NbdExports.Tickets {
    private static final Logger LOG = Logger.getLogger(Pool.class.getName());

    /** Looks at what a follower has; done here, not by the repository. */
    static final String CLAIMS = "claims";

    /** Its answer says what {@link #CLAIMS} would: the guest stands still until the follower knows it. */
    static final String ACTIVATE = "activate";

    /** Asks for something about the texts of an SR; done by who acts by them. */
    static final String NOTES = "notes";

    /** Each takes a thread, and the bandwidth of the disks below. */
    private static final int MOST_STREAMS = 8;

    private final Semaphore streams = new Semaphore(MOST_STREAMS);
    private final @Nullable PeerOptions options;

    /** The SRs that this host has, and others may reach. */
    private final Map<SrId, Holding> holdings = new ConcurrentHashMap<>();

    private volatile int nbdPort;

    /** Null until the agent has come so far. */
    private volatile @Nullable Serving serving;

    private record Serving(StorageHost host, NoteKeeper noteKeeper) {}

    /** Acts by the texts of SRs. */
    @FunctionalInterface
    public interface NoteKeeper {
        /**
         * Does what a follower asks for.
         *
         * @param question JSON, as is the answer
         */
        String answer(SrId sr, String question);
    }

    /**
     * @param options null if it does not know other agents
     */
    public Pool(@Nullable PeerOptions options) {
        this.options = options;
    }

    public Optional<PeerOptions> options() {
        return Optional.ofNullable(options);
    }

    /** Tells where disks are served over TCP with TLS. */
    public void nbdPort(int port) {
        nbdPort = port;
    }

    /**
     * Tells by what followers are served.
     *
     * @param host whose SRs these are
     * @param noteKeeper acts by the texts of the SRs
     */
    public void serve(StorageHost host, NoteKeeper noteKeeper) {
        serving = new Serving(host, noteKeeper);
    }

    /**
     * Ends what followers have that were ended by force, as somebody said. All their requests come through this host, so that
     * nothing needs to be fenced; one that lives nevertheless finds its disks lost.
     */
    void releaseFenced(SrId sr) {
        Holding holding = holdings.get(sr);
        Serving by = serving;
        if (holding != null && by != null) {
            release(sr, holding.ofFenced(), by.host);
        }
    }

    private static void release(SrId sr, List<Held> fenced, StorageHost host) {
        for (Held held : fenced) {
            try {
                host.repository(sr).detach(held.vdi(), held.holder());
                LOG.warning(LogLine.of("fenced-follower-released", "vdi", held.vdi(), "holder", held.holder()));
            } catch (SrException e) {
                LOG.log(Level.WARNING, LogLine.of("fenced-follower-kept", "vdi", held.vdi()), e);
            }
        }
    }

    void add(SrId sr, Holding holding) {
        holdings.put(sr, holding);
    }

    void remove(SrId sr, Holding holding) {
        holdings.remove(sr, holding);
        holding.peers().close();
        holding.imports().endAll();
    }

    @Override
    public @Nullable BlockDevice admit(VdiId vdi, String ticket, BlockDevice device) {
        for (Holding holding : holdings.values()) {
            if (holding.followers().isGood(vdi, ticket)) {
                return holding.admit(vdi, ticket, device);
            }
        }
        return null;
    }

    /**
     * Returns what other agents ask.
     *
     * @param host whose SRs there are for them
     */
    public List<Route> routes(StorageHost host) {
        return List.of(
                Route.post("callPeer", "/v1/peers/{sr}/{operation}", call -> answer(host, call))
                        .by(Role.PEER),
                Route.get("getPeerContent", "/v1/peers/{sr}/contents/{vdi}", call -> content(host, call))
                        .by(Role.PEER));
    }

    /** ?format=&amp;base=&amp;from= */
    private Object content(StorageHost host, Call call) {
        SrId sr = SrId.parse(call.variables().get(0));
        holding(sr).check();
        Query query = call.parameters();
        StreamFormat format = StreamFormat.of(query.one("format").orElse("raw"));
        VdiId base = query.one("base").map(VdiId::parse).orElse(null);
        long from = query.number("from", 0, Long.MAX_VALUE).orElse(0L);
        if (!streams.tryAcquire()) {
            throw new SrException(SrError.TRY_AGAIN, MOST_STREAMS + " disks are streamed to other hosts already")
                    .correction("Try again when one of these has ended.");
        }
        try {
            VdiId vdi = VdiId.parse(call.variables().get(1));
            return ContentStreamed.of(
                    host.repository(sr).contents().export(vdi, format, base), from, true, streams::release);
        } catch (RuntimeException e) {
            streams.release();
            throw e;
        }
    }

    /** {"host", "arguments"}: who asks, and a JSON object as text */
    private Object answer(StorageHost host, Call call) {
        SrId sr = SrId.parse(call.variables().get(0));
        String follower = call.body().string("host");
        Arguments with = Arguments.parse(call.body().string("arguments"));
        call.body().nothingElse();
        Holding holding = holding(sr);
        holding.check();
        Object answer = perform(call.variables().get(1), host, sr, follower, with, holding);
        holding.check();
        return Map.of("answer", answer);
    }

    private Object perform(
            String operation, StorageHost host, SrId sr, String follower, Arguments with, Holding holding) {
        if (operation.equals(CLAIMS)) {
            return claims(holding, follower);
        }
        if (operation.equals(NOTES)) {
            return noteKeeper(sr).answer(sr, with.get("question", String.class));
        }
        PeerOperations.Target on =
                new PeerOperations.Target(host, host.repository(sr), follower, holding.imports(), holding.followers());
        Object done = PeerOperations.perform(operation, on, with);
        return operation.equals(ACTIVATE) ? claims(holding, follower) : done;
    }

    private Claims claims(Holding holding, String follower) {
        return new Claims(nbdPort, holding.ofFollower(follower));
    }

    private NoteKeeper noteKeeper(SrId sr) {
        Serving by = serving;
        if (by == null) {
            throw new SrException(SrError.TRY_AGAIN, "The agent that has SR " + sr + " is starting")
                    .correction("Try again in some seconds.");
        }
        return by.noteKeeper;
    }

    private Holding holding(SrId sr) {
        Holding holding = holdings.get(sr);
        if (holding == null) {
            throw new SrException(SrError.TRY_AGAIN, "This host does not have SR " + sr + " now")
                    .correction("See who has it: ", Remedy.of(Verb.HOST_LS, "DIR"));
        }
        return holding;
    }

    /**
     * What a follower has.
     *
     * @param nbdPort where the disks are served
     */
    record Claims(int nbdPort, List<Held> held) {
        /**
         * Returns what is said to be active there, and is attached only. Of what the follower does not know nothing is said: its agent may
         * not have restored it yet.
         *
         * @param self what the follower is called among the hosts
         * @param holds of its disks
         */
        List<Claimed> tooMuch(String self, Collection<Hold> holds) {
            return holds.stream()
                    .filter(hold -> hold.active() == null)
                    .flatMap(hold -> ticket(hold.vdi(), Hold.ofFollower(self, hold.holder()))
                            .map(ticket -> new Claimed(hold.vdi(), hold.holder(), ticket)))
                    .toList();
        }

        private Stream<String> ticket(VdiId vdi, String holder) {
            return held.stream()
                    .filter(one -> one.vdi().equals(vdi) && one.holder().equals(holder))
                    .flatMap(one -> Stream.ofNullable(one.ticket()));
        }
    }

    /**
     * A disk that is said to be active at a follower.
     *
     * @param holder as the follower calls it
     */
    record Claimed(VdiId vdi, String holder, String ticket) {}
}
