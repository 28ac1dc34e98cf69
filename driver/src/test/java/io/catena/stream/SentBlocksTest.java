package io.catena.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.CacheBudget;
import io.catena.store.MemoryShortageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import org.junit.jupiter.api.Test;

/** Tables that come from elsewhere are not let use up the memory. */
class SentBlocksTest {
    private static final int ENTRIES = 40_000;

    @Test
    void whatIsThereIsToldInTheOrderOfTheStreamAndNoMoreIsHeld() throws IOException {
        ByteBuffer table = ByteBuffer.allocate(ENTRIES * Integer.BYTES);
        while (table.hasRemaining()) {
            table.putInt(-1);
        }
        table.putInt(7 * Integer.BYTES, 0x9000_0000).putInt(30_000 * Integer.BYTES, 5);
        CacheBudget budget = budget();

        SentBlocks blocks = SentBlocks.read(source(table), ENTRIES, budget);

        assertThat(blocks.count()).isEqualTo(2);
        assertThat(blocks.block(0)).isEqualTo(30_000);
        assertThat(blocks.offset(0)).isEqualTo(5 * 512);
        assertThat(blocks.block(1)).isEqualTo(7);
        assertThat(blocks.offset(1)).isEqualTo(0x9000_0000L * 512);
        assertThat(budget.fixedBytes()).isLessThanOrEqualTo(1024 * Long.BYTES);
        assertThat(blocks.fixedBytes()).isPositive();
    }

    @Test
    void aTableThatMayNotFitIsRefusedBeforeItIsRead() throws IOException {
        CacheBudget budget = budget();
        ContentSource source = source(ByteBuffer.allocate(ENTRIES * Integer.BYTES));
        SentBlocks full = SentBlocks.read(source, ENTRIES, budget);
        ContentSource another = source(ByteBuffer.allocate(ENTRIES * Integer.BYTES));

        assertThatThrownBy(() -> SentBlocks.read(another, ENTRIES, budget)).isInstanceOf(MemoryShortageException.class);
        assertThat(another.position()).isZero();
        assertThat(full.count()).isEqualTo(ENTRIES);
    }

    /** Room for one table that is full. */
    private static CacheBudget budget() {
        return new CacheBudget((ENTRIES + 1000) * (long) Long.BYTES, 0, Runnable::run);
    }

    private static ContentSource source(ByteBuffer table) {
        byte[] bytes = new byte[table.capacity()];
        table.get(0, bytes);
        return new ContentSource(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }
}
