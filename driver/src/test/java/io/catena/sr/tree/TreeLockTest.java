package io.catena.sr.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TreeLockTest {
    private static final Optional<Set<String>> A = Optional.of(Set.of("a.vhd", "base.vhd"));
    private static final Optional<Set<String>> B = Optional.of(Set.of("b.vhd", "base.vhd"));

    private final TreeLock lock = new TreeLock();
    private final CountDownLatch asideBegun = new CountDownLatch(1);
    private final CountDownLatch asideMayEnd = new CountDownLatch(1);
    private volatile String concerned = "";

    @Test
    void aDiskThatAChangeDoesNotConcernIsUsedWhileThatWaitsForTheFileSystem() throws Exception {
        Thread change = beginChangeOf("a.vhd");
        use(B);
        assertThat(change.isAlive()).isTrue();
        end(change);
    }

    @Test
    void aDiskThatItConcernsIsNot() throws Exception {
        Thread change = beginChangeOf("a.vhd");
        Thread use = waiting(() -> use(A));
        end(change);
        use.join();
    }

    @Test
    void norIsOneThatIsNotKnown() throws Exception {
        Thread change = beginChangeOf("a.vhd");
        Thread use = waiting(() -> use(Optional.empty()));
        end(change);
        use.join();
    }

    @Test
    void changesRunOneAfterAnother() throws Exception {
        Thread change = beginChangeOf("a.vhd");
        Thread next = waiting(() -> {
            lock.beginChange();
            assertThat(change.isAlive()).isFalse();
            lock.endChange(() -> {});
        });
        end(change);
        next.join();
    }

    @Test
    void aChangeHasTheLockAgainAfterwards() throws Exception {
        lock.beginChange();
        lock.beginChange();
        lock.aside(() -> use(A));
        Thread use = waiting(() -> use(B));
        assertThat(lock.endChange(() -> {})).isFalse();
        assertThat(use.getState()).isEqualTo(Thread.State.WAITING);
        assertThat(lock.endChange(() -> {})).isTrue();
        use.join();
    }

    @Test
    void whoUsesADiskCannotBeginAChange() {
        lock.beginUse("a", () -> A);
        assertThatThrownBy(lock::beginChange).isInstanceOf(IllegalStateException.class);
        lock.endUse();
    }

    @Test
    void whileADiskIsOpenedOthersAreUsedAndChanged() throws Exception {
        Thread opening = beginOpeningOf("a", A);
        use(B);
        lock.beginChange(() -> List.of("b.vhd"));
        lock.concern(List.of("c.vhd"));
        lock.endChange(() -> {});
        assertThat(opening.isAlive()).isTrue();
        end(opening);
    }

    @Test
    void whoWantsTheSameDiskWaits() throws Exception {
        Thread opening = beginOpeningOf("a", A);
        Thread use = waiting(() -> {
            lock.beginUse("a", () -> A);
            lock.endUse();
        });
        end(opening);
        use.join();
    }

    @Test
    void twoDisksWithTheSameBaseCopyAreOpenedAtOnce() throws Exception {
        Thread opening = beginOpeningOf("a", A);
        lock.beginOpening("b", () -> B);
        lock.endOpening();
        end(opening);
    }

    /** It has no turn, so that others need not wait with it. */
    @Test
    void aChangeOfItsFilesWaitsAndOtherChangesDoNot() throws Exception {
        Thread opening = beginOpeningOf("a", A);
        Thread change = waiting(() -> {
            lock.beginChange(() -> List.of("base.vhd"));
            assertThat(opening.isAlive()).isFalse();
            lock.endChange(() -> {});
        });
        lock.beginChange(() -> List.of("b.vhd"));
        lock.endChange(() -> {});
        end(opening);
        change.join();
    }

    @Test
    void aChangeThatComesToConcernThemWaitsAsWell() throws Exception {
        assertWaitsForOpening(() -> lock.concern(List.of("base.vhd")));
    }

    @Test
    void soDoesOneThatConcernsAll() throws Exception {
        assertWaitsForOpening(lock::awaitOpenings);
    }

    private void assertWaitsForOpening(Runnable await) throws Exception {
        Thread opening = beginOpeningOf("a", A);
        Thread change = waiting(() -> {
            lock.beginChange();
            await.run();
            lock.endChange(() -> {});
        });
        end(opening);
        change.join();
    }

    @Test
    void aFileThatIsBeingChangedIsNotOpenedIfNobodyKnewOfIt() throws Exception {
        Thread change = beginChangeOf("unknown.vhd");
        lock.beginOpening("a", () -> A);
        assertThatThrownBy(() -> lock.opens(List.of("a.vhd", "unknown.vhd")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("unknown.vhd");
        lock.endOpening();
        end(change);
    }

    /** Returns when it waits without the lock. */
    private Thread beginOpeningOf(String disk, Optional<Set<String>> chain) throws InterruptedException {
        Thread opening = new Thread(() -> open(disk, chain), "opening of " + disk);
        opening.start();
        assertThat(asideBegun.await(20, TimeUnit.SECONDS)).isTrue();
        return opening;
    }

    private void open(String disk, Optional<Set<String>> chain) {
        lock.beginOpening(disk, () -> chain);
        try {
            waitAside();
        } finally {
            lock.endOpening();
        }
    }

    private void use(Optional<Set<String>> chain) {
        lock.beginUse(chain, () -> chain);
        lock.endUse();
    }

    /** Returns when the change waits without the lock. */
    private Thread beginChangeOf(String file) throws InterruptedException {
        Thread change = new Thread(this::change, "change of " + file);
        concerned = file;
        change.start();
        assertThat(asideBegun.await(20, TimeUnit.SECONDS)).isTrue();
        return change;
    }

    private void change() {
        lock.beginChange();
        try {
            lock.concern(List.of(concerned));
            waitAside();
        } finally {
            lock.endChange(() -> {});
        }
    }

    private void waitAside() {
        try {
            lock.aside(() -> {
                asideBegun.countDown();
                await(asideMayEnd);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void end(Thread change) throws InterruptedException {
        asideMayEnd.countDown();
        change.join();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns a thread that waits for a lock. */
    private static Thread waiting(Runnable work) {
        Thread thread = new Thread(work, "waiting");
        thread.start();
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
        return thread;
    }
}
