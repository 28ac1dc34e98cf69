package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CacheBudgetTest {
    private final CacheBudget budget = new CacheBudget(1000, 10_000, Runnable::run);

    /** Grows as told. */
    private static final class Growing implements CacheBudget.Cache {
        private final long fixedBytes;
        private long cachedBytes;
        private int asked;

        Growing(long fixedBytes) {
            this.fixedBytes = fixedBytes;
        }

        @Override
        public long fixedBytes() {
            asked++;
            return fixedBytes;
        }

        @Override
        public long cachedBytes() {
            return cachedBytes;
        }

        @Override
        public void trim(long bytes) {
            cachedBytes = Math.min(cachedBytes, bytes);
        }
    }

    private void growOften(Growing cache, long bytes) {
        for (int i = 0; i < 256; i++) {
            cache.cachedBytes += bytes;
            budget.grown();
        }
    }

    @Test
    void oneMayHaveNearlyAllOfIt() {
        Growing only = new Growing(0);
        budget.add(only);

        growOften(only, 39);

        assertThat(only.cachedBytes).isEqualTo(39 * 256);
        assertThat(budget.isUsedUp()).isFalse();
    }

    @Test
    void whoHasMoreThanAShareGivesUpAndTheOthersKeepTheirs() {
        Growing idle = new Growing(0);
        Growing small = new Growing(0);
        Growing busy = new Growing(0);
        List.of(idle, small, busy).forEach(budget::add);
        idle.cachedBytes = 5000;
        small.cachedBytes = 1000;

        growOften(busy, 20);

        assertThat(budget.isUsedUp()).isTrue();
        assertThat(idle.cachedBytes).isLessThan(3333);
        assertThat(busy.cachedBytes).isLessThan(3333);
        assertThat(small.cachedBytes).isEqualTo(1000);
        assertThat(budget.cachedBytes()).isLessThanOrEqualTo(10_000);
    }

    @Test
    void theNewestIsRefusedWithAReason() throws MemoryShortageException {
        Growing first = new Growing(900);
        budget.admit(first, "first.vhd");

        assertThatThrownBy(() -> budget.admit(new Growing(200), "second.vhd"))
                .isInstanceOf(MemoryShortageException.class)
                .hasMessageContaining("second.vhd needs 200 bytes")
                .hasMessageContaining("900 of 1000");
        budget.admit(new Growing(50), "third.vhd");
        assertThat(first.fixedBytes()).isEqualTo(900);
    }

    /** Thousands are opened one after another when an SR is scanned. */
    @Test
    void toAdmitOneDoesNotCostMoreBecauseThereAreMany() throws MemoryShortageException {
        List<Growing> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            all.add(new Growing(1));
            budget.admit(all.get(i), "disk-" + i + ".vhd");
        }

        assertThat(all.get(0).asked).isLessThan(100);
        assertThatThrownBy(() -> budget.admit(new Growing(1), "last.vhd")).isInstanceOf(MemoryShortageException.class);
    }

    @Test
    void whatNobodyHasAnyMoreDoesNotCount() throws MemoryShortageException {
        List<Growing> held = new ArrayList<>(List.of(new Growing(900)));
        budget.admit(held.get(0), "first.vhd");
        held.clear();

        Growing next = new Growing(900);
        budget.admit(next, "second.vhd");
        assertThat(budget.fixedBytes()).isEqualTo(900);
        assertThat(next.cachedBytes()).isZero();
    }
}
