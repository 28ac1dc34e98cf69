package io.catena.sr.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SideBySideTest {
    @Test
    void asManyAreUnderWayAtATimeAsAreAllowed() throws IOException {
        CountDownLatch all = new CountDownLatch(3);

        SideBySide.each(3, List.of(1, 2, 3), thing -> {
            all.countDown();
            await(all);
        });

        assertThat(all.getCount()).isZero();
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(10, TimeUnit.SECONDS)) {
                throw new IOException("nobody else came");
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void oneAtATimeKeepsTheOrderAndTheThread() throws IOException {
        List<String> seen = new ArrayList<>();

        SideBySide.each(
                1,
                List.of(3, 1, 2),
                thing -> seen.add(thing + Thread.currentThread().getName()));

        String name = Thread.currentThread().getName();
        assertThat(seen).containsExactly(3 + name, 1 + name, 2 + name);
    }

    @Test
    void aFailureKeepsNothingElseFromBeingDone() {
        Set<Integer> done = ConcurrentHashMap.newKeySet();

        assertThatThrownBy(() -> SideBySide.each(2, List.of(1, 2, 3, 4), thing -> {
                    if (thing % 2 == 1) {
                        throw new IOException("odd: " + thing);
                    }
                    done.add(thing);
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("odd: 1")
                .hasSuppressedException(new IOException("odd: 3"));
        assertThat(done).containsExactlyInAnyOrder(2, 4);
    }
}
