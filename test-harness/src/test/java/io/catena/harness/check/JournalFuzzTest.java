package io.catena.harness.check;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.check.RepairOptions;
import io.catena.check.VhdRepair;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.Fixtures;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged undo files, and damaged journals of vhd-util's resize, half of them with checksums that fit. {@code
 * -Dfuzz.seconds=N} takes longer, {@code -Dseed=N} begins with that input.
 */
@Timeout(3600)
@Tag("slow")
final class JournalFuzzTest {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 20) / 8 + 1;
    private static final long FIRST_SEED = Long.getLong("seed", 1);
    private static final long[] VALUES = {
        0,
        1,
        -1,
        7,
        511,
        512,
        1 << 21,
        1 << 30,
        (1L << 31) - 1,
        1L << 31,
        1L << 32,
        1L << 40,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final int UNDO_CHECKED_FROM = 16;
    private static final int JOURNAL_ENTRY = 32;
    private static final int JOURNAL_CHECKSUM = 24;

    @TempDir
    Path directory;

    @Test
    void noUndoFileMakesTakingBackFailButWithAnIoException() throws Exception {
        Fixture fixture = Fixtures.unpack(directory).get("bad-reserved");
        VhdRepair repair = repairer(fixture);
        repair.apply(repair.plan("x.vhd", RepairOptions.SAFE));
        Path undo = fixture.directory().resolve("x.vhd.undo");
        fuzz(undo, fixture.directory().resolve("x.vhd"), JournalFuzzTest::sealUndo, () -> {
            repair.plan("x.vhd", RepairOptions.SAFE);
            repair.undo("x.vhd");
        });
    }

    @Test
    void noJournalMakesARepairFailButWithAnIoException() throws Exception {
        Fixture fixture = Fixtures.unpack(directory).get("resize-interrupted");
        VhdRepair repair = repairer(fixture);
        Path journal = fixture.directory().resolve("r.journal");
        fuzz(journal, fixture.directory().resolve("r.vhd"), JournalFuzzTest::sealJournal, () -> {
            repair.apply(repair.plan("r.vhd", new RepairOptions(false, "r.journal")));
        });
    }

    private static VhdRepair repairer(Fixture fixture) {
        return new VhdRepair(new FileStorage(fixture.directory()), Clock.systemUTC(), () -> new UUID(1, 2));
    }

    /** What is done with a damaged file. */
    @FunctionalInterface
    private interface Use {
        void run() throws IOException;
    }

    /** Makes checksums fit. */
    @FunctionalInterface
    private interface Seal {
        void close(ByteBuffer bytes, Random random);
    }

    private void fuzz(Path damaged, Path disk, Seal seal, Use use) throws IOException {
        byte[] good = Files.readAllBytes(damaged);
        Path kept = Files.copy(disk, directory.resolve("kept"));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        long seed = FIRST_SEED;
        int refused = 0;
        for (; System.nanoTime() < end; seed++) {
            Files.write(damaged, damaged(good, new Random(new SplittableRandom(seed).nextLong()), seal));
            try {
                use.run();
            } catch (IOException e) {
                assertThat(e.getMessage()).as("-Dseed=%d", seed).isNotBlank();
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("repeat with -Dseed=" + seed, e);
            }
            takeBack(kept, disk);
        }
        System.out.println("fuzzed " + damaged.getFileName() + ": " + (seed - FIRST_SEED) + ", refused: " + refused);
        assertThat(seed - FIRST_SEED).as("inputs").isGreaterThan(SECONDS);
        assertThat(refused).isPositive();
    }

    private static void takeBack(Path kept, Path disk) throws IOException {
        if (Files.size(disk) != Files.size(kept) || Files.mismatch(kept, disk) >= 0) {
            Files.delete(disk);
            Files.copy(kept, disk);
        }
        if (disk.getFileName().toString().startsWith("r")) {
            Files.deleteIfExists(disk.resolveSibling(disk.getFileName() + ".undo"));
        }
    }

    private static byte[] damaged(byte[] good, Random random, Seal seal) {
        ByteBuffer bytes = ByteBuffer.wrap(good.clone()).order(BIG_ENDIAN);
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(Math.min(bytes.capacity(), 2048) - Long.BYTES) / 4 * 4;
            long value = VALUES[random.nextInt(VALUES.length)];
            switch (random.nextInt(3)) {
                case 0 -> bytes.putInt(at, (int) value);
                case 1 -> bytes.putLong(at, value);
                default -> bytes.put(at, (byte) random.nextInt());
            }
        }
        if (random.nextBoolean()) {
            seal.close(bytes, random);
        }
        if (random.nextInt(8) > 0) {
            return bytes.array();
        }
        byte[] cut = new byte[random.nextInt(bytes.capacity())];
        bytes.get(0, cut);
        return cut;
    }

    private static void sealUndo(ByteBuffer bytes, Random random) {
        CRC32 crc = new CRC32();
        crc.update(bytes.duplicate().position(UNDO_CHECKED_FROM));
        bytes.putInt(12, (int) crc.getValue());
    }

    /** The first entry follows the header; changes one of its fields, so that not all is refused for its checksum. */
    private static void sealJournal(ByteBuffer bytes, Random random) {
        int at = 512;
        int[] fields = {8, 12, 16, 20};
        bytes.putInt(at + fields[random.nextInt(fields.length)], (int) VALUES[random.nextInt(VALUES.length)]);
        int length =
                JOURNAL_ENTRY + Math.max(0, Math.min(bytes.getInt(at + 12), bytes.capacity() - at - JOURNAL_ENTRY));
        int sum = 0;
        for (int i = 0; i < length; i++) {
            boolean isChecksum = i >= JOURNAL_CHECKSUM && i < JOURNAL_CHECKSUM + Integer.BYTES;
            sum += isChecksum ? 0 : Byte.toUnsignedInt(bytes.get(at + i));
        }
        bytes.putInt(at + JOURNAL_CHECKSUM, ~sum);
    }
}
