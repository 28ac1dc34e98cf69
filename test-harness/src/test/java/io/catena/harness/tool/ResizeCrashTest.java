package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrException;
import io.catena.format.UnsupportedVhdException;
import io.catena.harness.model.DiskContent;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.PowerLossException;
import io.catena.harness.sim.Seeds;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdResize;
import io.catena.tool.VhdWrite;
import io.catena.vhd.PendingRewrite;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;

/** The power is cut at every call of a resize, and once more in what completes it. */
@Tag("slow")
final class ResizeCrashTest {
    private static final int MIB = 1 << 20;
    private static final int BEFORE = 8 * MIB;
    private static final String NAME = "disk.vhd";

    @Seeds(50)
    void powerLossAtAnyCallOfGrowthKeepsTheDisk(long seed) throws IOException {
        explore(seed, NewDiskType.DYNAMIC, growth(seed), false, ResizeCrashTest::once);
    }

    @Seeds(10)
    void powerLossAtAnyCallOfAForcedShrinkKeepsWhatStays(long seed) throws IOException {
        explore(seed, NewDiskType.DYNAMIC, 4 * MIB, true, ResizeCrashTest::once);
    }

    @Seeds(10)
    void powerLossAtAnyCallKeepsAFixedDisk(long seed) throws IOException {
        explore(seed, NewDiskType.FIXED, (seed % 2 == 0 ? 12L : 4L) * MIB, true, ResizeCrashTest::once);
    }

    @Seeds(3)
    void powerLossAtAnyCallOfTheCompletionKeepsTheDiskToo(long seed) throws IOException {
        explore(seed, NewDiskType.DYNAMIC, growth(seed), false, (call, random) -> IntStream.rangeClosed(1, 20));
    }

    /** Attaching an SR completes it too; the power is cut in that as well. */
    @Seeds(3)
    void attachingTheSrCompletesAResizeThatWasInterrupted(long seed) throws IOException {
        int pending = 0;
        for (int call = 1; ; call++) {
            Machine machine = new Machine(seed);
            SimulatedStorage storage = machine.disk("sr");
            BareSr sr = new BareSr(storage, machine.tmpfs("run"), seed);
            byte[] content = make(storage, NewDiskType.DYNAMIC, new Random(seed));
            machine.cutPowerAtCall(call);
            if (resize(storage, growth(seed), false)) {
                assertThat(pending).as("cuts that left a journal").isPositive();
                return;
            }
            machine.restorePower();
            pending += storage.exists(PendingRewrite.journalOf(NAME)) ? 1 : 0;
            attachWithACutAt(machine, sr, 1 + new Random(seed + call).nextInt(10));
            assertThat(storage.exists(PendingRewrite.journalOf(NAME)))
                    .as("the journal, %s", machine.history())
                    .isFalse();
            checkOldOrNewOrRefused(storage, content, growth(seed));
        }
    }

    private static void attachWithACutAt(Machine machine, BareSr sr, int call) throws IOException {
        machine.cutPowerAtCall(call);
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = sr.attach(jobs)) {
            assertThat(repository.vdis()).hasSize(1);
        } catch (PowerLossException | SrException e) {
            assertThat(machine.planned()).as("%s", e).isFalse();
        }
        machine.cutPower();
        machine.restorePower();
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = sr.attach(jobs)) {
            assertThat(repository.vdis()).hasSize(1);
        }
    }

    private static long growth(long seed) {
        return (300 + (seed % 3) * 2000) * MIB;
    }

    private static IntStream once(int call, Random random) {
        return IntStream.of(1 + random.nextInt(12));
    }

    /** Which calls of the completion see a second power cut. */
    @FunctionalInterface
    private interface SecondCuts {
        IntStream after(int call, Random random);
    }

    private static void explore(long seed, NewDiskType type, long after, boolean force, SecondCuts seconds)
            throws IOException {
        for (int call = 1; ; call++) {
            for (int second :
                    seconds.after(call, new Random(seed * 1000 + call)).toArray()) {
                if (!cutTwice(seed, type, after, force, new int[] {call, second}, w -> w)) {
                    return;
                }
            }
        }
    }

    /**
     * Resizes a disk with a power cut, and completes that with another; then for good. Returns whether there was a first cut.
     *
     * @param watched stands in front of the storage
     */
    static boolean cutTwice(
            long seed, NewDiskType type, long after, boolean force, int[] cuts, UnaryOperator<Storage> watched)
            throws IOException {
        Machine machine = new Machine(seed);
        SimulatedStorage plain = machine.disk("sr");
        byte[] content = make(plain, type, new Random(seed * 7 + 1));
        Storage storage = watched.apply(plain);
        machine.cutPowerAtCall(cuts[0]);
        if (resize(storage, after, force)) {
            assertThat(machine.planned()).isTrue();
            machine.cutPower();
            machine.restorePower();
            check(plain, content, after);
            return false;
        }
        machine.restorePower();
        checkOldOrNewOrRefused(plain, content, after);
        machine.cutPowerAtCall(cuts[1]);
        complete(storage);
        machine.cutPower();
        machine.restorePower();
        checkOldOrNewOrRefused(plain, content, after);
        assertThat(resize(storage, after, force)).as("%s", machine.history()).isTrue();
        machine.cutPower();
        machine.restorePower();
        check(plain, content, after);
        return true;
    }

    private static byte[] make(Storage storage, NewDiskType type, Random random) throws IOException {
        NewVhd maker =
                new NewVhd(Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC), () -> new UUID(1, 2));
        byte[] content = new byte[BEFORE];
        maker.create(storage, NAME, BEFORE, type);
        for (int block : new int[] {2, 0, 3}) {
            byte[] bytes = new byte[4096 * (1 + random.nextInt(4))];
            random.nextBytes(bytes);
            int offset = block * 2 * MIB + random.nextInt(2 * MIB - bytes.length) / 512 * 512;
            VhdWrite.copy(new ByteArrayInputStream(bytes), storage, NAME, offset);
            System.arraycopy(bytes, 0, content, offset, bytes.length);
        }
        return content;
    }

    private static boolean resize(Storage storage, long size, boolean force) throws IOException {
        try {
            new VhdResize(storage, NAME).resize(size, force);
            return true;
        } catch (PowerLossException e) {
            return false;
        }
    }

    private static void complete(Storage storage) throws IOException {
        try {
            new VhdResize(storage, NAME).complete();
        } catch (PowerLossException e) {
            // as planned
        }
    }

    private static void checkOldOrNewOrRefused(Storage storage, byte[] content, long after) throws IOException {
        long size;
        try (OpenChain chain = OpenChain.readOnly(storage, NAME)) {
            size = chain.disk().sizeBytes();
            assertThat(size).isIn((long) BEFORE, after);
        } catch (UnsupportedVhdException e) {
            assertThat(e).hasMessageContaining("interrupted resize");
            assertThat(storage.exists(PendingRewrite.journalOf(NAME))).isTrue();
            return;
        }
        check(storage, content, size);
    }

    private static void check(Storage storage, byte[] content, long size) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, NAME)) {
            assertThat(chain.disk().sizeBytes()).isEqualTo(size);
            DiskContent found = chain.disk()::read;
            assertThat(found.mismatch(content, Math.min(size, 16 * MIB)))
                    .as("first wrong byte")
                    .isEqualTo(-1);
        }
    }
}
