package io.catena.harness.cluster;

import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One schedule of a simulated cluster: three hosts want one disk, while their links are cut and their processes are stopped.
 * Nothing but the seed decides what happens.
 */
public final class ClusterRun {
    private static final int HOSTS = 3;
    private static final long FIRST_FAULT_MILLIS = 10_000;
    private static final double DRIFT = 0.01;

    private final VirtualTime time = new VirtualTime();
    private final Random random;
    private final ClusterPlan plan;
    private final SharedServer server;
    private final ClusterHistory history;
    private final List<SimulatedHost> hosts = new ArrayList<>();

    ClusterRun(ClusterPlan plan, long seed) throws IOException {
        this.plan = plan;
        this.random = new Random(new SplittableRandom(seed).nextLong());
        this.server = new SharedServer(time, seed);
        this.history = new ClusterHistory(time, server, SimulatedHost.DISK);
        new VhdCreator(server.storage()).dynamic(SimulatedHost.DISK, SimulatedHost.DISK_BYTES, new UUID(9, seed), 0);
        LeaseStore service = new MemoryLeaseStore();
        for (int id = 1; id <= HOSTS; id++) {
            SimulatedLink link = new SimulatedLink(time, server, new Random(random.nextLong()), DRIFT);
            Random own = new Random(random.nextLong());
            hosts.add(new SimulatedHost(id, link, server, store(service, link, own), plan, history, own));
        }
    }

    private FaultyLeaseStore store(LeaseStore service, SimulatedLink link, Random own) {
        if (plan.store() == ClusterPlan.StoreKind.SERVICE) {
            return new FaultyLeaseStore(service, link, plan, true);
        }
        RemoteStorage files = new RemoteStorage(server, link, false, name -> {}, identity -> {});
        return new FaultyLeaseStore(
                new FileLeaseStore(files, () -> new UUID(own.nextLong(), own.nextLong())), link, plan, false);
    }

    /**
     * What came of a schedule.
     *
     * @param violation what must not have been; null if nothing
     * @param takeovers how often a host opened the disk
     * @param answers how many requests of guests were answered
     * @param removed how many notes of former hosts were removed
     */
    public record Outcome(long seed, @Nullable String violation, int takeovers, int answers, int removed) {}

    /** Runs a schedule of so many ms. */
    public static Outcome run(ClusterPlan plan, long seed, long millis) throws IOException {
        ClusterRun run = new ClusterRun(plan, seed);
        run.time.at(FIRST_FAULT_MILLIS, run::fault);
        return run.run(seed, millis);
    }

    Outcome run(long seed, long millis) {
        for (SimulatedHost host : hosts) {
            time.start(host::renew);
            time.start(host::serve);
        }
        time.run(millis);
        int removed = hosts.stream().mapToInt(SimulatedHost::removed).sum();
        return new Outcome(seed, history.violation(), history.takeovers(), history.answers(), removed);
    }

    VirtualTime time() {
        return time;
    }

    ClusterHistory history() {
        return history;
    }

    List<SimulatedHost> hosts() {
        return hosts;
    }

    /** Cuts a link, stops processes, or both: the owner's more often than others'. */
    private void fault() {
        SimulatedHost host = hosts.get(random.nextInt(HOSTS));
        if (random.nextInt(2) == 0) {
            host = hosts.stream().filter(SimulatedHost::owns).findFirst().orElse(host);
        }
        int kind = random.nextInt(3);
        if (kind != 0) {
            host.link().cut(1_000 + random.nextInt(60_000));
        }
        if (kind != 1) {
            host.link().stop(random.nextInt(50_000));
        }
        time.at(time.nowMillis() + 5_000 + random.nextInt(30_000), this::fault);
    }
}
