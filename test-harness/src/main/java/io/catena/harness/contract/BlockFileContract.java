package io.catena.harness.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link BlockFile} must do, as far as it can be seen without a power cut. */
public abstract class BlockFileContract {
    private static final long GIB = 1L << 30;

    private Storage storage;
    private BlockFile file;

    /** Returns the storage whose files are under test, empty. */
    protected abstract Storage storage() throws IOException;

    @BeforeEach
    void createFile() throws IOException {
        storage = storage();
        file = storage.create("file");
    }

    @AfterEach
    void closeFile() throws IOException {
        file.close();
    }

    @Test
    void aNewFileIsEmpty() throws IOException {
        assertThat(file.size()).isZero();
        assertThat(readUpTo(0, 10)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 512, 513, 4095, 4096, 4097, 100_000, 3_000_000})
    void whatIsWrittenIsRead(int length) throws IOException {
        byte[] bytes = pattern(length);
        for (long offset : new long[] {0, 1, 511, 4096, 1_000_001}) {
            file.write(offset, ByteBuffer.wrap(bytes));
            assertThat(read(offset, length)).isEqualTo(bytes);
        }
        assertThat(file.size()).isEqualTo(1_000_001 + length);
    }

    @Test
    void aWriteChangesOnlyItsBytes() throws IOException {
        byte[] expected = pattern(20_000);
        file.write(0, ByteBuffer.wrap(expected));
        byte[] patch = new byte[5_000];
        Arrays.fill(patch, (byte) 0xEE);
        file.write(4_000, ByteBuffer.wrap(patch));
        System.arraycopy(patch, 0, expected, 4_000, patch.length);
        assertThat(read(0, 20_000)).isEqualTo(expected);
        assertThat(file.size()).isEqualTo(20_000);
    }

    @Test
    void whatLiesBetweenReadsAsZeros() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10)));
        file.write(10_000, ByteBuffer.wrap(pattern(10)));
        assertThat(read(10, 9_990)).containsOnly(0);
    }

    @Test
    void filesOfManyGibibytesMayHaveHoles() throws IOException {
        file.write(3 * GIB, ByteBuffer.wrap(pattern(10)));
        assertThat(file.size()).isEqualTo(3 * GIB + 10);
        assertThat(read(3 * GIB - 10, 10)).containsOnly(0);
        assertThat(read(3 * GIB, 10)).isEqualTo(pattern(10));
        file.truncate(5 * GIB);
        assertThat(read(5 * GIB - 10, 10)).containsOnly(0);
    }

    @Test
    void positionsAdvanceAndLimitsHold() throws IOException {
        ByteBuffer source = ByteBuffer.wrap(pattern(100)).position(10).limit(60);
        file.write(0, source);
        assertThat(source.position()).isEqualTo(60);
        assertThat(file.size()).isEqualTo(50);

        ByteBuffer target = ByteBuffer.allocateDirect(100).position(5).limit(25);
        file.read(0, target);
        assertThat(target.position()).isEqualTo(25);
        assertThat(target.limit()).isEqualTo(25);
        assertThat(target.get(5)).isEqualTo(pattern(100)[10]);
        assertThat(target.limit(100).get(25)).isZero();
    }

    @Test
    void readOnlyBuffersCanBeWritten() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(100)).asReadOnlyBuffer());
        assertThat(read(0, 100)).isEqualTo(pattern(100));
    }

    @Test
    void anEmptyWriteDoesNotGrowTheFile() throws IOException {
        file.write(1_000, ByteBuffer.allocate(0));
        assertThat(file.size()).isZero();
    }

    @Test
    void aReadEndsWhereTheFileEnds() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(100)));
        assertThat(readUpTo(90, 50)).isEqualTo(Arrays.copyOfRange(pattern(100), 90, 100));
        assertThat(readUpTo(100, 50)).isEmpty();
        assertThat(readUpTo(5_000, 50)).isEmpty();
    }

    @Test
    void readFullyTellsWhereTheFileEnds() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(100)));
        assertThatThrownBy(() -> file.readFully(90, ByteBuffer.allocate(50)))
                .isInstanceOf(EOFException.class)
                .hasMessage("file ends at byte 100, 40 bytes before the end of what was to be read at byte 90");
    }

    @Test
    void truncateCutsOff() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.truncate(5_000);
        assertThat(file.size()).isEqualTo(5_000);
        assertThat(readUpTo(0, 10_000)).isEqualTo(Arrays.copyOf(pattern(10_000), 5_000));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 4_096, 5_000, 9_999})
    void whatWasCutOffAndGrownOverReadsAsZeros(int size) throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.truncate(size);
        file.truncate(10_000);
        assertThat(file.size()).isEqualTo(10_000);
        assertThat(read(0, 10_000)).isEqualTo(Arrays.copyOf(Arrays.copyOf(pattern(10_000), size), 10_000));
    }

    @Test
    void growthByAWriteUncoversNothingOld() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.truncate(100);
        file.write(9_990, ByteBuffer.wrap(pattern(10)));
        assertThat(read(100, 9_890)).containsOnly(0);
    }

    @Test
    void truncateToTheSameSizeChangesNothing() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(100)));
        file.truncate(100);
        assertThat(read(0, 100)).isEqualTo(pattern(100));
    }

    @ParameterizedTest
    @CsvSource({"0, 10000", "0, 4096", "4096, 4096", "1, 1", "511, 2", "4000, 5000", "1, 9998", "5000, 0"})
    void aHoleReadsAsZerosAndNothingElseChanges(int offset, int length) throws IOException {
        byte[] expected = pattern(10_000);
        file.write(0, ByteBuffer.wrap(expected));
        file.punchHole(offset, length);
        Arrays.fill(expected, offset, offset + length, (byte) 0);
        assertThat(read(0, 10_000)).isEqualTo(expected);
    }

    @Test
    void aHoleLeavesTheSizeAsItIs() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.punchHole(9_000, 100_000);
        file.punchHole(50_000, 100_000);
        assertThat(file.size()).isEqualTo(10_000);
        assertThat(read(0, 9_000)).isEqualTo(pattern(9_000));
        assertThat(read(9_000, 1_000)).containsOnly(0);
    }

    @Test
    void whatIsWrittenIntoAHoleIsRead() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(3_000_000)));
        file.punchHole(0, 3_000_000);
        file.write(1_000_000, ByteBuffer.wrap(pattern(5_000)));
        assertThat(read(1_000_000, 5_000)).isEqualTo(pattern(5_000));
        assertThat(read(0, 1_000_000)).containsOnly(0);
        assertThat(read(1_005_000, 1_995_000)).containsOnly(0);
    }

    @Test
    void aHoleGivesItsSpaceBackIfTheFileSaysSo() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(3_000_000)));
        file.sync();
        long before = storage.info("file").allocatedBytes();
        file.punchHole(1_000_000, 2_000_000);
        file.sync();
        long expected = file.punchesHoles() ? before - 1_900_000 : before;
        assertThat(storage.info("file").allocatedBytes()).isLessThanOrEqualTo(expected);
    }

    @Test
    void aSyncChangesNothingThatIsSeen() throws IOException {
        file.sync();
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.sync();
        file.truncate(5_000);
        file.sync();
        file.sync();
        assertThat(readUpTo(0, 10_000)).isEqualTo(Arrays.copyOf(pattern(10_000), 5_000));
    }

    @Test
    void writingOutChangesNothingThatIsSeen() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(10_000)));
        file.writeOut(1_000, 5_000);
        file.writeOut(5_000, 1 << 20);
        file.writeOut(1 << 20, 4096);
        assertThat(file.size()).isEqualTo(10_000);
        assertThat(read(0, 10_000)).isEqualTo(pattern(10_000));
    }

    @Test
    void bytesOutliveTheirOpenFile() throws IOException {
        file.write(0, ByteBuffer.wrap(pattern(1_000)));
        file.close();
        file = storage.open("file");
        assertThat(read(0, 1_000)).isEqualTo(pattern(1_000));
    }

    @Test
    void negativeOffsetsAndSizesAreRefused() {
        assertThatThrownBy(() -> file.read(-1, ByteBuffer.allocate(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> file.write(-1, ByteBuffer.allocate(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> file.truncate(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> file.punchHole(-1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> file.punchHole(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aClosedFileRefusesEverythingButClose() throws IOException {
        file.close();
        file.close();
        assertThatThrownBy(() -> file.read(0, ByteBuffer.allocate(1))).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.write(0, ByteBuffer.allocate(1))).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.punchHole(0, 1)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.sync()).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> file.size()).isInstanceOf(ClosedChannelException.class);
    }

    /** Growth must not put its zeros over what a write has just put there. */
    @Test
    void aWriteIsNotLostToGrowthAtTheSameTime() throws Exception {
        int length = 700;
        for (int round = 0; round < 300; round++) {
            long offset = (long) round * length;
            FutureTask<Void> write = new FutureTask<>(() -> {
                file.write(offset, ByteBuffer.wrap(pattern(length)));
                return null;
            });
            new Thread(write, "writer").start();
            file.truncate(offset + length);
            write.get(60, TimeUnit.SECONDS);
            assertThat(read(offset, length)).as("round %d", round).isEqualTo(pattern(length));
        }
    }

    private byte[] read(long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.readFully(offset, ByteBuffer.wrap(bytes));
        return bytes;
    }

    private byte[] readUpTo(long offset, int length) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(length);
        file.read(offset, target);
        return Arrays.copyOf(target.array(), target.position());
    }

    /** Returns bytes without a zero among them, different from sector to sector. */
    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (1 + (i + i / 255) % 255);
        }
        return bytes;
    }
}
