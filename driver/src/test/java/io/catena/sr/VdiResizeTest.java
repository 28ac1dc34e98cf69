package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Disks grow. */
final class VdiResizeTest extends RepositoryFixture {
    private static final int GUESTS = 2;
    private static final int BLOCK_SECTORS = 4096;
    private static final int GUEST_SECTORS = 2 * BLOCK_SECTORS;

    @Test
    void aDiskGrowsAttachedOrNot() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), SIZE - 512, 3);

        sr.resize(disk, 5L << 30);
        BlockDevice device = exported(disk);
        write(device, (5L << 30) - 512, 4);
        sr.detach(disk);
        sr.resize(disk, 200L << 30);

        assertThat(sr.vdi(disk).virtualSizeBytes()).isEqualTo(200L << 30);
        assertThat(read(attach(disk), SIZE - 512)).isEqualTo(3);
        assertThat(read(exported(disk), (5L << 30) - 512)).isEqualTo(4);
        assertThat(read(exported(disk), (200L << 30) - 512)).isZero();
        assertError(() -> sr.resize(disk, SIZE), SrError.VDI_SIZE);
    }

    @Test
    void aGuestWritesAndZeroesWhileItsDiskGrows() throws Exception {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        CountDownLatch begun = new CountDownLatch(10 * GUESTS);
        AtomicBoolean growing = new AtomicBoolean(true);
        ExecutorService guests = Executors.newFixedThreadPool(GUESTS);
        try {
            List<Future<byte[]>> written = new ArrayList<>();
            for (int guest = 0; guest < GUESTS; guest++) {
                int first = guest * GUEST_SECTORS;
                written.add(guests.submit(() -> work(device, first, begun, growing)));
            }
            assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
            for (long gib : List.of(5L, 600L, 2000L)) {
                sr.resize(disk, gib << 30);
            }
            growing.set(false);
            List<byte[]> expected = new ArrayList<>();
            for (Future<byte[]> each : written) {
                expected.add(each.get(60, TimeUnit.SECONDS));
            }

            assertHolds(device, expected);
            assertThat(device.sizeBytes()).isEqualTo(2000L << 30);
            sr.detach(disk);
            assertThat(sr.check(false).findings()).isEmpty();
            assertHolds(attach(disk), expected);
        } finally {
            growing.set(false);
            guests.shutdownNow();
        }
    }

    /** Returns the last value of each sector. */
    private static byte[] work(BlockDevice device, int first, CountDownLatch begun, AtomicBoolean growing)
            throws IOException {
        Random random = new Random(first);
        byte[] values = new byte[GUEST_SECTORS];
        for (int i = 0; growing.get(); i++) {
            int sector = random.nextInt(GUEST_SECTORS);
            long offset = (first + sector) * 512L;
            if (i % 400 == 399) {
                int block = sector / BLOCK_SECTORS * BLOCK_SECTORS;
                device.writeZeroes((first + block) * 512L, BLOCK_SECTORS * 512L, true);
                Arrays.fill(values, block, block + BLOCK_SECTORS, (byte) 0);
            } else {
                values[sector] = (byte) (1 + random.nextInt(100));
                write(device, offset, values[sector]);
            }
            if (i % 50 == 49) {
                begun.countDown();
                device.flush();
            }
        }
        return values;
    }

    private static void assertHolds(BlockDevice device, List<byte[]> expected) throws IOException {
        for (int guest = 0; guest < expected.size(); guest++) {
            byte[] found = new byte[GUEST_SECTORS];
            ByteBuffer sectors = ByteBuffer.allocate(GUEST_SECTORS * 512);
            device.read((long) guest * sectors.capacity(), sectors);
            for (int sector = 0; sector < GUEST_SECTORS; sector++) {
                found[sector] = sectors.get(sector * 512 + 3);
            }
            assertThat(found).isEqualTo(expected.get(guest));
        }
    }

    @Test
    void aGrownDiskIsCutAndCloned() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 3);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        sr.resize(disk, 2 * SIZE);
        write(exported(disk), 2 * SIZE - 512, 4);
        VdiId clone = sr.clone(snapshot, "clone", 3 * SIZE).vdi();

        assertThat(sr.vdi(snapshot).virtualSizeBytes()).isEqualTo(SIZE);
        assertThat(read(attach(clone), 0)).isEqualTo(3);
        assertThat(read(exported(clone), 3 * SIZE - 512)).isZero();
        assertThat(read(exported(disk), 2 * SIZE - 512)).isEqualTo(4);
        assertError(() -> sr.resize(snapshot, 2 * SIZE), SrError.VDI_TYPE);
        assertError(() -> sr.clone(disk, "", SIZE), SrError.VDI_SIZE);
    }
}
