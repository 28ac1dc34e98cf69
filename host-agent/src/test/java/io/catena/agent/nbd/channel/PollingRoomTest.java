package io.catena.agent.nbd.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PollingRoomTest {
    private static final Duration POLL = Duration.ofNanos(100_000);

    @Test
    void hasPlacesForHalfOfTheProcessors() {
        PollingRoom room = new PollingRoom(POLL, 5, () -> false, System::nanoTime);

        assertTrue(room.enter());
        assertTrue(room.enter());
        assertFalse(room.enter());
        room.leave();
        assertTrue(room.enter());
    }

    @Test
    void hasNoneOnOneProcessorOrIfPollingIsSwitchedOff() {
        assertFalse(new PollingRoom(POLL, 1, () -> false, System::nanoTime).enter());
        assertFalse(new PollingRoom(Duration.ZERO, 8, () -> false, System::nanoTime).enter());
    }

    @Test
    void isClosedWhileTheMachineIsBusyAndOpensAgain() throws InterruptedException {
        AtomicBoolean busy = new AtomicBoolean(true);
        PollingRoom room = new PollingRoom(POLL, 4, busy::get, System::nanoTime);
        assertFalse(room.enter());

        busy.set(false);
        while (!room.enter()) {
            Thread.sleep(5);
        }
        room.leave();
        busy.set(true);
        while (room.enter()) {
            room.leave();
            Thread.sleep(5);
        }
    }

    @Test
    void losesLittleToWhatRunsForAMomentAndLooksRarelyWhileTheMachineStaysBusy() {
        AtomicInteger looks = new AtomicInteger();
        AtomicBoolean busy = new AtomicBoolean(true);
        AtomicLong now = new AtomicLong();
        PollingRoom room = new PollingRoom(
                POLL,
                4,
                () -> {
                    looks.incrementAndGet();
                    return busy.get();
                },
                now::get);
        assertEquals(10, closedMillis(room, now, busy));
        assertEquals(10, closedMillis(room, now, busy));

        busy.set(true);
        now.addAndGet(10_000_000);
        looks.set(0);
        for (int i = 0; i < 2000; i++) {
            assertFalse(room.enter());
            now.addAndGet(1_000_000);
        }
        assertTrue(looks.get() <= 15, looks + " looks in 2 s");
        assertTrue(closedMillis(room, now, busy) <= 200);
    }

    /** Has the room find the machine busy once more; returns for how long it is closed though the machine is busy no longer. */
    private static int closedMillis(PollingRoom room, AtomicLong now, AtomicBoolean busy) {
        busy.set(true);
        while (room.enter()) {
            room.leave();
            now.addAndGet(1_000_000);
        }
        busy.set(false);
        for (int millis = 1; ; millis++) {
            now.addAndGet(1_000_000);
            if (room.enter()) {
                room.leave();
                return millis;
            }
        }
    }

    @Test
    void looksAtTheMachineRarely() {
        AtomicInteger looks = new AtomicInteger();
        PollingRoom room = new PollingRoom(POLL, 4, () -> looks.incrementAndGet() == 0, System::nanoTime);
        long start = System.nanoTime();
        for (int i = 0; i < 100_000; i++) {
            assertTrue(room.enter());
            room.leave();
        }

        long mostLooks = 1 + Duration.ofNanos(System.nanoTime() - start).toMillis() / 10;
        assertTrue(looks.get() >= 1 && looks.get() <= mostLooks, looks + " looks, expected at most " + mostLooks);
    }

    @Test
    void findsHowManyThreadsThisMachineRuns() {
        assertTrue(PollingRoom.runnableThreads() >= 1);
        assertEquals(Integer.MAX_VALUE, PollingRoom.runnableThreads("nonsense"));
        assertEquals(7, PollingRoom.runnableThreads("0.20 0.18 0.12 7/80 11206\n"));
    }
}
