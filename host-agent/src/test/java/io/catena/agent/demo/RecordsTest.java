package io.catena.agent.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RecordsTest {
    private static final int OFFSET = 8192;
    private static final int SLOTS = 16;

    private final byte[] disk = new byte[1 << 20];
    private final Records records = new Records(OFFSET, SLOTS);

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 16, 17, 1000})
    void theNumberOfRecordsIsReadOffTheDisk(long count) throws IOException {
        write(count);
        assertThat(records.countOn(this::read)).isEqualTo(count);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 16, 17, 1000})
    void theExpectedContentIsWhatTheWriterLeaves(long count) throws IOException {
        write(count);
        Content content = Content.zeros(disk.length);
        records.fill(content, count);
        assertThat(content.sha256()).isEqualTo(Content.sha256(disk.length, this::read));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, OFFSET, OFFSET + 4095, (1 << 20) - 1})
    void oneByteMakesAnotherDigest(int offset) throws IOException {
        Content content = Content.zeros(disk.length);
        disk[offset]++;
        assertThat(content.sha256()).isNotEqualTo(Content.sha256(disk.length, this::read));
        content.copy().write(offset, new byte[] {1});
        assertThat(content.sha256()).isNotEqualTo(Content.sha256(disk.length, this::read));
        content.write(offset, new byte[] {1});
        assertThat(content.sha256()).isEqualTo(Content.sha256(disk.length, this::read));
    }

    private void write(long count) {
        for (long number = 0; number < count; number++) {
            System.arraycopy(Records.bytes(number), 0, disk, (int) records.offsetOf(number), Records.RECORD_BYTES);
        }
    }

    private void read(long offset, ByteBuffer target) {
        target.put(disk, (int) offset, target.remaining());
    }
}
