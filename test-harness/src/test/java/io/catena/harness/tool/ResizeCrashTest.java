package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.format.UnsupportedVhdException;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.PowerLossException;
import io.catena.harness.sim.Seeds;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.store.Storage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdResize;
import io.catena.tool.VhdWrite;
import io.catena.vhd.PendingRewrite;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;

/** The power is cut at every call of a resize, and once more in what completes it. */
final class ResizeCrashTest {
    private static final int MIB = 1 << 20;
    private static final int BEFORE = 8 * MIB;
    private static final String NAME = "disk.vhd";

    @Seeds(50)
    void powerLossAtAnyCallOfGrowthKeepsTheDisk(long seed) throws IOException {
        explore(seed, NewDiskType.DYNAMIC, (300 + (seed % 3) * 2000) * MIB, false);
    }

    @Seeds(10)
    void powerLossAtAnyCallOfAForcedShrinkKeepsWhatStays(long seed) throws IOException {
        explore(seed, NewDiskType.DYNAMIC, 4 * MIB, true);
    }

    @Seeds(10)
    void powerLossAtAnyCallKeepsAFixedDisk(long seed) throws IOException {
        explore(seed, NewDiskType.FIXED, (seed % 2 == 0 ? 12L : 4L) * MIB, true);
    }

    private static void explore(long seed, NewDiskType type, long after, boolean force) throws IOException {
        for (int call = 1; ; call++) {
            Machine machine = new Machine(seed);
            SimulatedStorage storage = machine.disk("sr");
            byte[] content = make(storage, type, new Random(seed * 7 + 1));
            machine.cutPowerAtCall(call);
            if (resize(storage, after, force)) {
                assertThat(machine.planned()).isTrue();
                machine.restorePower();
                check(storage, content, after);
                return;
            }
            machine.restorePower();
            checkOldOrNewOrRefused(storage, content, after);
            machine.cutPowerAtCall(1 + new Random(seed * 1000 + call).nextInt(12));
            complete(storage);
            machine.cutPower();
            machine.restorePower();
            checkOldOrNewOrRefused(storage, content, after);
            assertThat(resize(storage, after, force))
                    .as("%s", machine.history())
                    .isTrue();
            machine.cutPower();
            machine.restorePower();
            check(storage, content, after);
        }
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
            byte[] expected = Arrays.copyOf(content, (int) Math.min(size, 16 * MIB));
            byte[] found = new byte[expected.length];
            chain.disk().read(0, ByteBuffer.wrap(found));
            assertThat(Arrays.mismatch(found, expected)).as("first wrong byte").isEqualTo(-1);
        }
    }
}
