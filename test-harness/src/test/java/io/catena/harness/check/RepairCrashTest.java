package io.catena.harness.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.check.CheckOptions;
import io.catena.check.RepairOptions;
import io.catena.check.VhdCheck;
import io.catena.check.VhdRepair;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.PowerLossException;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.tool.VhdDigest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Power cuts in every call of a repair and of taking it back, and once more in the repair that follows. */
@Tag("slow")
class RepairCrashTest {
    private static final Clock NOW = Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);
    private static final UUID NEW_ID = UUID.fromString("5a1b6c1e-0000-4000-8000-000000000001");
    private static final int CALLS_OF_A_REPAIR = 20;
    private static final int SECOND_CUTS = 4;
    private static final long MUTANT_SEEDS = 30;

    /** What a cut leaves of a header's two sectors depends on chance. */
    private static final long SEEDS = 6;

    @TempDir
    static Path directory;

    private static Fixtures fixtures;

    private final Map<String, byte[]> files = new HashMap<>();
    private String disk = "";
    private RepairOptions options = RepairOptions.SAFE;
    private String content = "";
    private int leftOut;
    private UnaryOperator<Storage> watched = storage -> storage;

    @BeforeAll
    static void unpack() throws IOException {
        fixtures = Fixtures.unpack(directory);
    }

    @ParameterizedTest
    @CsvSource({
        "bad-reserved, x.vhd, x.vhd",
        "bad-primary-zeroed, x.vhd, x.vhd",
        "bad-batmap-lies, x.vhd, x.vhd",
        "bad-loc-dup, leaf.vhd, leaf.vhd",
        "fill-b, f.vhd, f.vhd",
        "resize-interrupted, r.vhd, before.vhd"
    })
    void powerLossAtAnyCallOfARepairLosesNothing(String fixture, String name, String same) throws IOException {
        load(fixture, name, same);
        for (int call = 1; repairAndCutPowerAt(call, call); call++) {
            for (int chance = 1; chance < SECOND_CUTS; chance++) {
                repairAndCutPowerAt(call, call + 1000L * chance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "bad-reserved, x.vhd, x.vhd",
        "bad-loc-dup, leaf.vhd, leaf.vhd",
        "fill-b, f.vhd, f.vhd",
        "resize-interrupted, r.vhd, before.vhd"
    })
    void powerLossAtAnyCallOfTakingBackLosesNothing(String fixture, String name, String same) throws IOException {
        load(fixture, name, same);
        for (long seed = 0; seed < SEEDS; seed++) {
            for (int call = 1; takeBackAndCutPowerAt(call, seed); call++) {}
        }
    }

    /** Without a call that the promise rests on, the tests above fail. */
    @ParameterizedTest
    @EnumSource(Mutant.class)
    void aRepairThatLeavesOutACallIsFoundOut(Mutant mutant) throws IOException {
        load("resize-interrupted", "r.vhd", "before.vhd");
        watched = storage -> new WatchedStorage(storage, mutant.watcher(() -> leftOut++));
        assertThatThrownBy(() -> cutOften(mutant))
                .as("%s", mutant)
                .isInstanceOfAny(AssertionError.class, IOException.class);
        assertThat(leftOut).as("calls left out").isPositive();
    }

    private void cutOften(Mutant mutant) throws IOException {
        for (long seed = 0; seed < MUTANT_SEEDS; seed++) {
            int call = 1;
            while (mutant.takesBack
                    ? takeBackAndCutPowerAt(call, seed)
                    : repairAndCutPowerAt(call, seed * 100 + call)) {
                call++;
            }
        }
    }

    /** Returns whether the power was lost; if not, {@code call} lies beyond the last call. */
    private boolean repairAndCutPowerAt(int call, long seed) throws IOException {
        Machine machine = new Machine(seed);
        Storage storage = watched.apply(install(machine));
        boolean lost = cutAt(machine, call, () -> repair(storage));
        contentIsUnchanged(storage);
        cutAt(machine, 1 + new Random(seed).nextInt(CALLS_OF_A_REPAIR), () -> repair(storage));
        repair(storage);
        isRepaired(storage);
        if (storage.exists(disk + ".undo")) {
            repairer(storage).undo(disk);
            assertThat(Arrays.equals(read(storage, disk), files.get(disk)))
                    .as("taken back, call %d", call)
                    .isTrue();
        }
        return lost;
    }

    /** Half of the seeds go on with a repair instead. */
    private boolean takeBackAndCutPowerAt(int call, long seed) throws IOException {
        Machine machine = new Machine(seed);
        Storage storage = watched.apply(install(machine));
        repair(storage);
        boolean lost = cutAt(machine, call, () -> repairer(storage).undo(disk));
        contentIsUnchanged(storage);
        if (seed % 2 == 0 && storage.exists(disk + ".undo")) {
            repairer(storage).undo(disk);
            assertThat(Arrays.equals(read(storage, disk), files.get(disk)))
                    .as("taken back, call %d", call)
                    .isTrue();
        }
        repair(storage);
        isRepaired(storage);
        return lost;
    }

    private void load(String fixture, String name, String same) throws IOException {
        Fixture all = fixtures.get(fixture);
        disk = name;
        options = new RepairOptions(false, fixture.startsWith("resize") ? "r.journal" : null);
        content = all.file(same).contentSha256().orElseThrow();
        try (Stream<Path> paths = Files.list(all.directory())) {
            for (Path path : paths.toList()) {
                files.put(path.getFileName().toString(), Files.readAllBytes(path));
            }
        }
    }

    private SimulatedStorage install(Machine machine) throws IOException {
        SimulatedStorage storage = machine.disk("sr");
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            try (BlockFile target = storage.create(file.getKey())) {
                copy(file.getValue(), target);
                target.sync();
            }
        }
        storage.syncNames();
        return storage;
    }

    /** Leaves holes where there are zeros. */
    private static void copy(byte[] bytes, BlockFile target) throws IOException {
        int piece = 64 << 10;
        byte[] zeros = new byte[piece];
        for (int at = 0; at < bytes.length; at += piece) {
            int end = Math.min(bytes.length, at + piece);
            if (!Arrays.equals(bytes, at, end, zeros, 0, end - at)) {
                target.write(at, ByteBuffer.wrap(bytes, at, end - at));
            }
        }
        target.truncate(bytes.length);
    }

    private void repair(Storage storage) throws IOException {
        VhdRepair repair = repairer(storage);
        repair.apply(repair.plan(disk, options));
    }

    private static VhdRepair repairer(Storage storage) {
        return new VhdRepair(storage, NOW, () -> NEW_ID);
    }

    /** A disk may be unreadable until it is repaired; it never reads as something else. */
    private void contentIsUnchanged(Storage storage) throws IOException {
        String digest;
        try {
            digest = VhdDigest.sha256(storage, disk);
        } catch (CorruptVhdException | UnsupportedVhdException e) {
            return;
        }
        assertThat(digest).isEqualTo(content);
    }

    private void isRepaired(Storage storage) throws IOException {
        Report report = new VhdCheck(storage, NOW).check(disk, CheckOptions.THOROUGH);
        assertThat(report.verdict()).as(report.toString()).isIn(Verdict.VALID, Verdict.WARN);
        assertThat(VhdDigest.sha256(storage, disk)).isEqualTo(content);
    }

    private static byte[] read(Storage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.readFully(0, bytes);
            return bytes.array();
        }
    }

    private static boolean cutAt(Machine machine, int call, Action action) throws IOException {
        machine.cutPowerAtCall(call);
        try {
            action.run();
        } catch (PowerLossException e) {
            machine.restorePower();
            return true;
        }
        machine.restorePower();
        return false;
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    /** A repair that does something wrong. */
    private enum Mutant {
        UNDO_FILE_NOT_SYNCED(Call.Kind.SYNC, "UndoFile.write", false),
        UNDO_FILE_NOT_NAMED_DURABLY(Call.Kind.SYNC_NAMES, "UndoFile.write", false),
        STEPS_NOT_SYNCED(Call.Kind.SYNC, "VhdRepair.write", false),
        TAKING_BACK_NOT_SYNCED(Call.Kind.SYNC, "UndoFile.takeBack", true);

        private final Call.Kind kind;
        private final String method;
        private final boolean takesBack;

        Mutant(Call.Kind kind, String method, boolean takesBack) {
            this.kind = kind;
            this.method = method;
            this.takesBack = takesBack;
        }

        WatchedStorage.Watcher watcher(Runnable counter) {
            return call -> {
                boolean leftOut =
                        call.kind() == kind && CallSite.current().method().equals(method);
                if (leftOut) {
                    counter.run();
                }
                return !leftOut;
            };
        }
    }
}
