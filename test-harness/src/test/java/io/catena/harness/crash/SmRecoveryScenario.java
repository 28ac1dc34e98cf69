package io.catena.harness.crash;

import io.catena.api.AccessMode;
import io.catena.api.SrCheck;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskContent;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.harness.tool.BareSr;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** An SR that XenServer's storage manager left in the middle of something is attached; every disk must hold what it held. */
final class SmRecoveryScenario implements Scenario {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final SmState state;
    private final long seed;
    private final WatchedStorage.Watcher watcher;

    /** What each run begins with; made by the first. */
    private @Nullable Made made;

    SmRecoveryScenario(SmState state, long seed, WatchedStorage.Watcher watcher) {
        this.state = state;
        this.seed = seed;
        this.watcher = watcher;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new RecoveryRun(machine, made());
    }

    private Made made() throws IOException {
        if (made == null) {
            SimulatedStorage storage = SimulatedStorage.disk(seed);
            made = new Made(storage, SmDirectory.make(storage, state, seed).contents);
        }
        return made;
    }

    /** A directory as XenServer's storage manager left it, and what its disks must hold. */
    private record Made(SimulatedStorage storage, Map<String, byte[]> contents) {}

    private final class RecoveryRun implements Scenario.Run {
        private final SimulatedStorage storage;
        private final Map<String, byte[]> contents;
        private final BareSr sr;
        private final Jobs jobs = BareSr.jobs();
        private @Nullable VhdRepository repository;

        RecoveryRun(Machine machine, Made made) {
            storage = machine.disk("sr");
            storage.copyFrom(made.storage());
            contents = made.contents();
            sr = new BareSr(new WatchedStorage(storage, watcher), machine.tmpfs("run"), seed);
        }

        @Override
        public void act() {
            repository = sr.attach(jobs);
        }

        @Override
        public void recover(boolean powerWasCut) {
            // An attach may get over an error; then it is attached.
            if (repository == null) {
                repository = sr.attach(jobs);
            }
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            if (repository == null) {
                repository = sr.attach(jobs);
            }
            checkContents(repository);
            checkNothingIsLeft(repository);
            String collected =
                    jobs.waitFor(repository.collectGarbage().id(), DEADLINE).result();
            require(!collected.contains("set aside"), collected);
            checkContents(repository);
            repository.close();
            repository = sr.attach(jobs);
            checkContents(repository);
            repository.close();
            jobs.close();
            VhdFiles.checkFooters(storage);
        }

        private void checkContents(VhdRepository attached) throws IOException {
            TreeSet<String> disks = new TreeSet<>();
            for (Vdi vdi : attached.vdis()) {
                disks.add(vdi.vdi().toString());
            }
            TreeSet<String> expected = new TreeSet<>(contents.keySet());
            require(disks.equals(expected), "the disks are " + disks + ", expected " + expected);
            for (Map.Entry<String, byte[]> disk : contents.entrySet()) {
                VdiId id = VdiId.parse(disk.getKey());
                attached.attach(id, AccessMode.READ_ONLY);
                DiskContent found = sr.device(id)::read;
                long at = found.mismatch(disk.getValue(), disk.getValue().length);
                attached.detach(id);
                require(at < 0, id + " differs at byte " + at);
            }
        }

        private void checkNothingIsLeft(VhdRepository attached) {
            List<?> left = Probe.of(storage, Path.of("/sr")).foreignWork();
            require(left.isEmpty(), "left: " + left);
            List<SrCheck.Finding> findings = attached.check(false).findings().stream()
                    .filter(f -> f.kind() != SrCheck.Kind.GARBAGE && f.kind() != SrCheck.Kind.MISSING_RECORD)
                    .toList();
            require(findings.isEmpty(), state + ": " + findings);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
