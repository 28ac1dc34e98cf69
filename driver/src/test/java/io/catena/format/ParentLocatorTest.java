package io.catena.format;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ParentLocatorTest {
    @Test
    void spaceIsInSectorsIfItIsSmallAndInBytesIfItIsRound() {
        assertThat(space(1)).isEqualTo(512);
        assertThat(space(511)).isEqualTo(511 * 512);
        assertThat(space(512)).isEqualTo(512);
        assertThat(space(1024)).isEqualTo(1024);
        assertThat(space(1000)).isZero();
        assertThat(space(0)).isZero();
        assertThat(space(0x8000_0000)).isEqualTo(1L << 31);
    }

    @Test
    void aRelativePathIsWrittenAsBlktapDoes() {
        assertThat(ParentLocator.encodePath(ParentLocator.MACX, "../d/base.vhd"))
                .isEqualTo("file://./../d/base.vhd".getBytes(UTF_8));
        assertThat(ParentLocator.encodePath(ParentLocator.W2RU, "base.vhd"))
                .isEqualTo(".\\base.vhd".getBytes(UTF_16LE));
        assertThat(ParentLocator.encodePath(ParentLocator.W2KU, "base.vhd"))
                .isEqualTo(".\\base.vhd".getBytes(UTF_16LE));
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        for (int platform : new int[] {ParentLocator.MACX, ParentLocator.W2RU, ParentLocator.W2KU}) {
            ByteBuffer payload = ByteBuffer.wrap(ParentLocator.encodePath(platform, "../bäse %20 日本.vhd"));
            assertThat(decode(platform, payload)).contains("./../bäse %20 日本.vhd");
        }
    }

    @Test
    void windowsPathsBecomeOurs() {
        assertThat(decode(ParentLocator.W2KU, "C:\\disks\\base.vhd".getBytes(UTF_16LE)))
                .contains("/disks/base.vhd");
        assertThat(decode(ParentLocator.W2RU, "..\\base.vhd\0junk".getBytes(UTF_16LE)))
                .contains("../base.vhd");
    }

    @Test
    void whatIsNoPathIsNone() {
        assertThat(decode(ParentLocator.MACX, "http://base.vhd".getBytes(UTF_8)))
                .isEmpty();
        assertThat(decode(ParentLocator.MACX, "file://".getBytes(UTF_8))).isEmpty();
        assertThat(decode(ParentLocator.MACX, new byte[] {(byte) 0xff})).isEmpty();
        assertThat(decode(ParentLocator.W2RU, new byte[] {0x00, (byte) 0xd8})).isEmpty();
        assertThat(decode(ParentLocator.W2RU, new byte[] {'a'})).isEmpty();
        assertThat(decode(ParentLocator.W2RU, new byte[0])).isEmpty();
    }

    @Test
    void onlyWhatCanBeReadIsReadable() {
        assertThat(new ParentLocator(ParentLocator.MACX, 512, 8192, 512).readable())
                .isTrue();
        assertThat(new ParentLocator(ParentLocator.MACX, 512, 8193, 512).readable())
                .isFalse();
        assertThat(new ParentLocator(ParentLocator.MACX, 512, -1, 512).readable())
                .isFalse();
        assertThat(new ParentLocator(ParentLocator.MACX, 512, 10, 0).readable()).isFalse();
        assertThat(new ParentLocator(0x57693272, 512, 10, 512).readable()).isFalse();
    }

    private static long space(int dataSpace) {
        return new ParentLocator(ParentLocator.MACX, dataSpace, 1, 512).spaceBytes();
    }

    private static Optional<String> decode(int platform, byte[] payload) {
        return decode(platform, ByteBuffer.wrap(payload));
    }

    private static Optional<String> decode(int platform, ByteBuffer payload) {
        return new ParentLocator(platform, 512, payload.remaining(), 512).decodePath(payload);
    }
}
