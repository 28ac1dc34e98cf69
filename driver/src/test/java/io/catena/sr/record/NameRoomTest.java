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
    private final CacheBudget plenty = new CacheBudget(Long.MAX_VALUE, 0, Runnable::run);
    private final NameRoom first = NameRoom.ofNodes(plenty, budget);
    private final NameRoom second = NameRoom.ofNodes(plenty, budget);

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
        NameRoom room = NameRoom.ofNodes(plenty, plenty);
        assertThatThrownBy(() -> room.claim(Collections.nCopies(NameRoom.MOST_NODES + 1, "")))
                .isInstanceOf(TooManyNamesException.class)
                .hasMessageContaining("holds 100001 files of disks, expected at most 100000");
    }

    /** However many directories somebody fills, and however often he adds a little, the next SR finds some room. */
    @Test
    void anSrHasHalfOfWhatTheOthersLeave() throws IOException {
        CacheBudget names = new CacheBudget(8 * bytesOf(1000), 0, Runnable::run);
        NameRoom crowded = NameRoom.ofNodes(names, plenty);
        NameRoom next = NameRoom.ofNodes(names, plenty);
        NameRoom last = NameRoom.ofNodes(names, plenty);
        fill(crowded);
        assertThat(crowded.fixedBytes()).isBetween(bytesOf(3990), bytesOf(4000));
        fill(next);
        assertThat(next.fixedBytes()).isBetween(bytesOf(1990), bytesOf(2010));

        assertThatThrownBy(() -> crowded.claim(4010))
                .isInstanceOf(MemoryShortageException.class)
                .hasMessageContaining("of the rest one may have no more than half");
        last.claim(900);
        crowded.claim(List.of());
        next.claim(2500);
    }

    private static long bytesOf(int nodes) throws IOException {
        CacheBudget any = new CacheBudget(Long.MAX_VALUE, 0, Runnable::run);
        NameRoom room = NameRoom.ofNodes(any, any);
        room.claim(nodes);
        return room.fixedBytes();
    }

    /** Adds a few at a time until that is refused. */
    private static void fill(NameRoom room) throws IOException {
        int nodes = 0;
        try {
            while (true) {
                room.claim(nodes + 10);
                nodes += 10;
            }
        } catch (MemoryShortageException e) {
            assertThat(nodes).isPositive();
        }
    }

    /** Whoever fills a directory with disks leaves room for those of others to be opened. */
    @Test
    void filesOfDisksHaveAPartOfWhatDisksHave() {
        CacheBudget part = new CacheBudget(20_000, 0, Runnable::run);
        NameRoom room = NameRoom.ofNodes(part, budget);

        assertThatThrownBy(() -> room.claim(15)).isInstanceOf(MemoryShortageException.class);
        assertThat(budget.fixedBytes()).isZero();
    }
}
