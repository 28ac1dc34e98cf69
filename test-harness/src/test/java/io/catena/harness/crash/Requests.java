package io.catena.harness.crash;

import io.catena.harness.model.DiskModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** What a random guest asks of a disk of a few blocks. */
final class Requests {
    private static final int BLOCK_SECTORS = 4096;
    private static final int MOST_SECTORS = 64;

    private Requests() {}

    /** Reads bytes of a disk. */
    @FunctionalInterface
    interface Source {
        void read(long offset, ByteBuffer target) throws IOException;
    }

    /** Returns a write of 1 to 64 sectors, mostly near the border of a block, so that writes overlap and cross it. */
    static DiskModel.Write randomWrite(DiskModel model, Random random) {
        long sectors = model.sizeBytes() / DiskModel.SECTOR;
        int count = 1 + random.nextInt(MOST_SECTORS);
        long border = (long) random.nextInt((int) (sectors / BLOCK_SECTORS) + 1) * BLOCK_SECTORS;
        long around = border + random.nextInt(4 * MOST_SECTORS) - 2 * MOST_SECTORS;
        long anywhere = random.nextInt((int) sectors);
        long sector = random.nextInt(5) == 0 ? anywhere : around;
        return model.write(Math.max(0, Math.min(sectors - count, sector)), count);
    }

    /** Returns a discard or zeroing: of whole blocks in half of the cases, else of any sectors. */
    static DiskModel.Write randomZero(DiskModel model, Random random) {
        int sectors = (int) (model.sizeBytes() / DiskModel.SECTOR);
        int first = random.nextInt(sectors);
        int count = 1 + random.nextInt(random.nextBoolean() ? MOST_SECTORS : 2 * BLOCK_SECTORS);
        if (random.nextBoolean()) {
            first = first / BLOCK_SECTORS * BLOCK_SECTORS;
            count = (1 + random.nextInt(2)) * BLOCK_SECTORS;
        }
        return model.zero(first, Math.min(count, sectors - first));
    }

    /** Returns all of a disk. */
    static byte[] read(Source source, long sizeBytes) throws IOException {
        ByteBuffer content = ByteBuffer.allocate((int) sizeBytes);
        source.read(0, content);
        return content.array();
    }
}
