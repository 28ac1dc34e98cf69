package io.catena.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

/** A small image does not become a large disk by naming parts of itself again and again. */
class Qcow2ImageTest {
    private static final int CLUSTER = 512;
    private static final int ENTRIES = CLUSTER / Long.BYTES;
    private static final int PART = ENTRIES * CLUSTER;
    private static final int L1 = CLUSTER;
    private static final int L2 = 2 * CLUSTER;
    private static final int DATA = 3 * CLUSTER;
    private static final long COMPRESSED = 1L << 62;

    private final byte[] bytes = new byte[4 * CLUSTER];
    private final ByteBuffer image = ByteBuffer.wrap(bytes);
    private long taken;

    Qcow2ImageTest() {
        image.putInt(0, 0x514649FB).putInt(4, 2).putInt(20, 9).putLong(24, 2 * PART);
        image.putInt(36, 2).putLong(40, L1);
        image.putLong(L1, L2);
    }

    @Test
    void aClusterThatIsNamedOnceIsRead() throws IOException {
        image.putLong(L2 + 3 * Long.BYTES, DATA);

        read();

        assertThat(taken).isEqualTo(CLUSTER);
    }

    @Test
    void aClusterThatAllEntriesNameIsRefused() {
        for (int i = 0; i < ENTRIES; i++) {
            image.putLong(L2 + i * Long.BYTES, DATA);
        }

        assertRefused();
    }

    @Test
    void aTableThatManyEntriesNameIsRefused() {
        image.putLong(L2, DATA);
        image.putLong(L2 + Long.BYTES, DATA);
        image.putLong(L1 + Long.BYTES, L2);

        assertRefused();
    }

    @Test
    void compressedDataThatAllEntriesNameAreRefused() {
        byte[] data = new byte[CLUSTER];
        new Random(1).nextBytes(data);
        System.arraycopy(new byte[CLUSTER / 2], 0, data, 0, CLUSTER / 2);
        Deflater deflater = new Deflater(9, true);
        deflater.setInput(data);
        deflater.finish();
        assertThat(deflater.deflate(bytes, DATA, CLUSTER)).isLessThan(CLUSTER);
        deflater.end();
        for (int i = 0; i < ENTRIES; i++) {
            image.putLong(L2 + i * Long.BYTES, COMPRESSED | DATA);
        }

        assertRefused();
    }

    private void assertRefused() {
        assertThatThrownBy(this::read)
                .isInstanceOf(BadQcow2Exception.class)
                .hasMessageContaining("used more than once");
        assertThat(taken).isLessThan(3L * image.capacity());
    }

    private void read() throws IOException {
        Qcow2Image.Source source = new Qcow2Image.Source() {
            @Override
            public long sizeBytes() {
                return image.capacity();
            }

            @Override
            public void read(long offset, ByteBuffer target) {
                target.put(image.slice((int) offset, target.remaining()));
            }
        };
        new Qcow2Image(source, Qcow2Header.decode(image.slice()))
                .readAll((offset, cluster) -> taken += cluster.remaining());
    }
}
