package io.catena.harness.crash;

import io.catena.api.AccessMode;
import io.catena.api.SrCheck;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import io.catena.harness.tool.BareSr;
import io.catena.sr.Jobs;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * XenServer's storage manager was interrupted at any of its steps; then attaching the SR is interrupted at any call, and again
 * in the next attempt. Every disk holds what it held.
 */
class SmRecoveryCrashTest {
    /** Kept, because a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr");

    static {
        LOG.setLevel(Level.OFF);
    }

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @ParameterizedTest
    @EnumSource
    void powerLossAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.POWER_CUT, state, 3);
    }

    @ParameterizedTest
    @EnumSource
    void aKillAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.KILL, state, 1);
    }

    @ParameterizedTest
    @EnumSource
    void anIoErrorAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.IO_ERROR, state, 1);
    }

    @ParameterizedTest
    @EnumSource
    void aFullDiskAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.DISK_FULL, state, 1);
    }

    private static void explore(Fault fault, SmState state, int seeds) {
        for (long seed = 1; seed <= seeds; seed++) {
            long chosen = seed;
            try {
                CrashExplorer.atEachCall(fault, seed).explore(machine -> new RecoveryRun(machine, state, chosen));
            } catch (AssertionError e) {
                throw new AssertionError(state + ": " + e.getMessage(), e);
            }
        }
    }

    private static final class RecoveryRun implements Scenario.Run {
        private final SmState state;
        private final Storage storage;
        private final SmDirectory directory;
        private final BareSr sr;
        private final Jobs jobs = BareSr.jobs();
        private @Nullable VhdRepository repository;

        RecoveryRun(Machine machine, SmState state, long seed) throws IOException {
            this.state = state;
            storage = machine.disk("sr");
            directory = SmDirectory.make(storage, state, seed);
            sr = new BareSr(storage, machine.tmpfs("run"), seed);
        }

        @Override
        public void act() {
            repository = sr.attach(jobs);
        }

        @Override
        public void recover(boolean powerWasCut) {
            repository = sr.attach(jobs);
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
            TreeSet<String> found = new TreeSet<>();
            for (Vdi vdi : attached.vdis()) {
                found.add(vdi.vdi().toString());
            }
            TreeSet<String> expected = new TreeSet<>(directory.contents.keySet());
            require(found.equals(expected), "the disks are " + found + ", expected " + expected);
            for (Map.Entry<String, byte[]> disk : directory.contents.entrySet()) {
                VdiId id = VdiId.parse(disk.getKey());
                attached.attach(id, AccessMode.READ_ONLY);
                byte[] content = new byte[SmDirectory.DISK_BYTES];
                sr.device(id).read(0, ByteBuffer.wrap(content));
                attached.detach(id);
                int at = Arrays.mismatch(content, disk.getValue());
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
