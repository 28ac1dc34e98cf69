package io.catena.agent.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.linux.NativeBuffer;
import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FuseDiskTest {
    private static final int READ = 15;
    private static final long UNIQUE = 77;

    @Test
    void aDefectIsAnsweredAsAFailureOfTheDisk() {
        FuseDisk disk = new FuseDisk(new Defective(), "disk");
        try (NativeBuffer buffer = new NativeBuffer(FuseDisk.BUFFER_BYTES)) {
            buffer.slice(FuseDisk.REQUEST_AT, 80)
                    .putInt(80)
                    .putInt(READ)
                    .putLong(UNIQUE)
                    .position(FuseProtocol.REQUEST_HEADER_BYTES)
                    .putLong(0)
                    .putLong(0)
                    .putInt(4096);

            assertThat(disk.answer(buffer)).isEqualTo(FuseProtocol.REPLY_HEADER_BYTES);

            ByteBuffer reply = buffer.slice(FuseDisk.REPLY_AT, FuseProtocol.REPLY_HEADER_BYTES);
            assertThat(reply.getInt()).isEqualTo(FuseProtocol.REPLY_HEADER_BYTES);
            assertThat(reply.getInt()).isEqualTo(-FuseProtocol.EIO);
            assertThat(reply.getLong()).isEqualTo(UNIQUE);
        }
    }

    /** Fails with what nobody expects. */
    private static final class Defective implements BlockDevice {
        @Override
        public long sizeBytes() {
            return 1 << 20;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long offset, ByteBuffer target) {
            throw new StackOverflowError();
        }

        @Override
        public void write(long offset, ByteBuffer source) {
            throw new StackOverflowError();
        }

        @Override
        public void discard(long offset, long lengthBytes) {}

        @Override
        public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) {}

        @Override
        public boolean zeroesFast() {
            return false;
        }

        @Override
        public Extent extent(long offset, long maxBytes) {
            return new Extent(maxBytes, true);
        }

        @Override
        public void flush() {}
    }
}
