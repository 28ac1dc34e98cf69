package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class BatmapTest {
    @Test
    void everyFieldStandsWhereBlktapPutsIt() {
        ByteBuffer bytes = Batmap.of(2048, 1024, -8).encode();
        assertThat(bytes.remaining()).isEqualTo(512);
        assertThat(bytes.getLong(0)).isEqualTo(0x74646261746d6170L);
        assertThat(bytes.getLong(8)).isEqualTo(2560);
        assertThat(bytes.getInt(16)).isEqualTo(2);
        assertThat(bytes.getInt(20)).isEqualTo(0x0001_0002);
        assertThat(bytes.getInt(24)).isEqualTo(-8);
        assertThat(bytes.slice(28, 484)).isEqualTo(ByteBuffer.allocate(484));
    }

    @Test
    void markerAndKeyHashAreKept() {
        ByteBuffer bytes = Batmap.of(2048, 512, 0).encode();
        for (int i = 28; i < 512; i++) {
            bytes.put(i, (byte) i);
        }
        ByteBuffer again = Batmap.decode(bytes).withChecksum(5).encode();
        assertThat(again.getInt(24)).isEqualTo(5);
        assertThat(again.slice(28, 484)).isEqualTo(bytes.slice(28, 484));
    }

    @Test
    void theChecksumCoversWhatBlktapCovers() {
        assertThat(Batmap.checkedBytes(8 << 20)).isEqualTo(512);
        assertThat(Batmap.checkedBytes(8L << 30)).isEqualTo(512);
        assertThat(Batmap.checkedBytes((8L << 30) + (16 << 20))).isEqualTo(1024);
        ByteBuffer map = ByteBuffer.allocate(1024).put(0, (byte) 0xff).put(600, (byte) 1);
        assertThat(Batmap.checksum(map, 512)).isEqualTo(~255);
        assertThat(Batmap.checksum(map, 1024)).isEqualTo(~256);
        assertThat(Batmap.checksum(map, 4096)).isEqualTo(~256);
    }

    @Test
    void isKnownByItsCookie() {
        assertThat(Batmap.isBatmap(Batmap.of(2048, 512, 0).encode())).isTrue();
        assertThat(Batmap.isBatmap(ByteBuffer.allocate(512))).isFalse();
    }
}
