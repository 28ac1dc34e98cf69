package io.catena.sr.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.JobControl;
import io.catena.sr.job.RateLimit;
import io.catena.sr.job.StepControl;
import io.catena.sr.live.Fill;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What merging takes of a slow disk while a guest works: bounded each second, in pieces that a flush hardly meets, and it ends. */
class MergePaceTest {
    private static final int MIB = 1 << 20;
    private static final int DISK_BYTES = 64 * MIB;
    private static final int PIECES = DISK_BYTES / (256 << 10);
    private static final String FULL = "full.vhd";
    private static final String EMPTY = "empty.vhd";

    /** To write 256 KiB takes 3.6 ms. */
    private static final double PIECE_MILLIS = 3.7;

    @TempDir
    private Path directory;

    @BeforeEach
    void makeDisks() throws IOException {
        SlowDisk disk = new SlowDisk(directory, true);
        VhdCreator creator = new VhdCreator(disk);
        creator.dynamic(FULL, DISK_BYTES, new UUID(1, 1), 0);
        creator.dynamic(EMPTY, DISK_BYTES, new UUID(1, 2), 0);
        ByteBuffer ones = ByteBuffer.allocateDirect(MIB);
        while (ones.hasRemaining()) {
            ones.put((byte) 1);
        }
        try (Layer full = ChainFile.read(disk, FULL).openWritable(disk, null)) {
            for (long offset = 0; offset < DISK_BYTES; offset += MIB) {
                full.write(offset, ones.flip());
            }
        }
    }

    /** How what one disk holds comes into the other. */
    private enum Way {
        PUSH_DOWN {
            @Override
            void copy(Storage storage, JobControl control) throws IOException {
                new PushDown(storage, control)
                        .copy(ChainFile.read(storage, FULL), storage, ChainFile.read(storage, EMPTY));
            }
        },
        FILL {
            @Override
            void copy(Storage storage, JobControl control) throws IOException {
                Layer upper = ChainFile.read(storage, EMPTY).openWritable(storage, null);
                Layer lower = ChainFile.read(storage, FULL).openSource(storage);
                try (Fill fill = new Fill(upper, lower, null)) {
                    while (fill.round(control)) {
                        control.giveWay();
                    }
                }
            }
        };

        abstract void copy(Storage storage, JobControl control) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aTenthOfEachSecondIsTaken(Way way) throws IOException {
        SlowDisk disk = new SlowDisk(directory, true);
        way.copy(disk, control(disk));

        List<Long> fullSeconds = disk.share.subList(1, disk.share.size() - 1);
        assertThat(fullSeconds).as("seconds").isNotEmpty();
        assertThat(fullSeconds).as("of each second, in nanoseconds").allMatch(nanos -> nanos <= 105 * SlowDisk.MILLI);
        assertThat(millis(disk.nanos())).as("milliseconds for all").isLessThan(PIECES * 12 * PIECE_MILLIS);
    }

    /** But the first and the last, which meet what is done before the first piece and after the last. */
    @ParameterizedTest
    @EnumSource
    void aFlushMeetsOnePieceAtMost(Way way) throws IOException {
        SlowDisk disk = new SlowDisk(directory, true);
        way.copy(disk, control(disk));

        List<Long> flushes = disk.flushes.subList(1, disk.flushes.size() - 1);
        assertThat(flushes).as("flushes").hasSizeGreaterThan(20);
        assertThat(millis(Collections.max(flushes)))
                .as("milliseconds of the longest flush")
                .isLessThanOrEqualTo(millis(SlowDisk.FLUSH_NANOS) + PIECE_MILLIS);
    }

    @ParameterizedTest
    @EnumSource
    void noSyncFindsMuchInTheCache(Way way) throws IOException {
        SlowDisk disk = new SlowDisk(directory, true);
        way.copy(disk, control(disk));

        assertThat(Collections.max(disk.syncs)).as("bytes").isLessThanOrEqualTo(MIB);
        assertThat(disk.syncs).as("syncs of 64 MiB").hasSizeLessThan(10);
    }

    @ParameterizedTest
    @EnumSource
    void whereNothingCanBeWrittenOutItIsSyncedInSteps(Way way) throws IOException {
        SlowDisk disk = new SlowDisk(directory, false);
        way.copy(disk, control(disk));

        assertThat(Collections.max(disk.syncs)).as("bytes").isLessThanOrEqualTo(9 * MIB);
        assertThat(disk.syncs).as("syncs of 64 MiB").hasSizeBetween(8, 13);
    }

    @ParameterizedTest
    @EnumSource
    void itEndsUnderFlushesWithoutEnd(Way way) throws IOException {
        SlowDisk disk = new SlowDisk(directory, true);
        disk.flushWithoutEnd();
        way.copy(disk, control(disk));

        assertThat(millis(disk.nanos())).as("milliseconds").isLessThan(PIECES * (101 + PIECE_MILLIS));
    }

    /** Of a step during whose beginning the guest worked. */
    private static StepControl control(SlowDisk disk) {
        StepControl control =
                new StepControl(disk, Optional::empty, new RateLimit(() -> 0, disk::nanos), disk, disk::nanos, false);
        disk.rest(SlowDisk.MILLI);
        return control;
    }

    private static double millis(long nanos) {
        return (double) nanos / SlowDisk.MILLI;
    }
}
