package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ChecksumsTest {
    /** As the format defines it. */
    private static int byByte(ByteBuffer bytes, int checksumOffset) {
        int sum = 0;
        for (int i = 0; i < bytes.limit(); i++) {
            if (i < checksumOffset || i - checksumOffset >= Integer.BYTES) {
                sum += Byte.toUnsignedInt(bytes.get(i));
            }
        }
        return ~sum;
    }

    @Test
    void allBytesCountButThoseOfTheChecksum() {
        for (int length = 0; length < 40; length++) {
            byte[] bytes = new byte[length];
            new Random(length).nextBytes(bytes);
            for (int offset : new int[] {0, 5, 8, 30, length, Integer.MAX_VALUE - 4}) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                assertThat(Checksums.onesComplement(buffer, offset)).isEqualTo(byByte(buffer, offset));
                assertThat(Checksums.onesComplement(buffer.order(ByteOrder.LITTLE_ENDIAN), offset))
                        .isEqualTo(byByte(buffer, offset));
            }
        }
    }

    @Test
    void theLargestBytesDoNotOverflow() {
        byte[] bytes = new byte[1024];
        Arrays.fill(bytes, (byte) 0xFF);
        assertThat(Checksums.onesComplement(ByteBuffer.wrap(bytes), 36)).isEqualTo(~(1020 * 255));
    }
}
