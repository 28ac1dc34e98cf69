package io.catena.sr.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.CacheBudget;
import io.catena.store.MemoryShortageException;
import io.catena.store.TooManyNamesException;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class NameRoomTest {
    private static final List<String> TEN = Collections.nCopies(10, "disk.vhd");

    private final CacheBudget budget = new CacheBudget(40_000, 0, Runnable::run);
    private final NameRoom first = NameRoom.ofNodes(List.of(budget));
    private final NameRoom second = NameRoom.ofNodes(List.of(budget));

    @Test
    void whoComesWhenMemoryIsShortIsRefusedAndTheOthersGoOn() throws IOException {
        first.claim(TEN);
        first.claim(TEN);
        long ofTen = first.fixedBytes();
        assertThat(ofTen).isBetween(10_000L, 20_000L);
        second.claim(TEN);

        assertThatThrownBy(() -> second.claim(Collections.nCopies(30, "disk.vhd")))
                .isInstanceOf(MemoryShortageException.class)
                .hasMessageContaining("what is known of 30 files of disks needs ");
        assertThat(second.fixedBytes()).isEqualTo(ofTen);
        first.claim(TEN);

        second.claim(List.of());
        first.claim(Collections.nCopies(20, "disk.vhd"));
    }

    @Test
    void whatIsAboutToBeMadeIsAskedForToo() throws IOException {
        first.claim(15);
        long ofFifteen = first.fixedBytes();
        first.claim(3);
        assertThat(first.fixedBytes()).isEqualTo(ofFifteen);

        assertThatThrownBy(() -> second.claim(20)).isInstanceOf(MemoryShortageException.class);
    }

    @Test
    void anSrHasALimitWhateverMemoryThereIs() {
        NameRoom room = NameRoom.ofNodes(List.of(new CacheBudget(Long.MAX_VALUE, 0, Runnable::run)));
        assertThatThrownBy(() -> room.claim(Collections.nCopies(NameRoom.MOST_NODES + 1, "")))
                .isInstanceOf(TooManyNamesException.class)
                .hasMessageContaining("holds 100001 files of disks, expected at most 100000");
    }

    /** Whoever fills a directory with disks leaves room for those of others to be opened. */
    @Test
    void filesOfDisksHaveAPartOfWhatDisksHave() {
        CacheBudget part = new CacheBudget(20_000, 0, Runnable::run);
        NameRoom room = NameRoom.ofNodes(List.of(part, budget));

        assertThatThrownBy(() -> room.claim(15)).isInstanceOf(MemoryShortageException.class);
        assertThat(budget.fixedBytes()).isZero();
    }
}
