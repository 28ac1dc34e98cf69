package io.catena.sr.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FilesToSettleTest {
    private static final long PATIENCE_SECONDS = 20;

    @TempDir
    private Path directory;

    @TempDir
    private Path redo;

    private HangingStorage storage;
    private FilesToSettle files;

    @BeforeEach
    void make() throws IOException {
        FileStorage real = new FileStorage(directory);
        new VhdCreator(real).dynamic("a.vhd", 4 << 20, new UUID(1, 1), 0);
        new VhdCreator(real).dynamic("b.vhd", 4 << 20, new UUID(1, 2), 0);
        storage = new HangingStorage(real);
        RedoLog.Owner owner = new RedoLog.Owner(new UUID(2, 1), new UUID(2, 2));
        files = new FilesToSettle(storage, new RedoStore(new FileStorage(redo), "redo", owner, real));
        files.add("b.vhd");
        files.add("a.vhd");
    }

    @Test
    void aFileIsSettledOnceByWhoComesFirstAndOthersOfThatFileWaitForHim() throws Exception {
        FutureTask<Boolean> first = new FutureTask<>(() -> files.settle("a.vhd"));
        start(first);
        assertThat(storage.asked.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        FutureTask<Boolean> second = new FutureTask<>(() -> files.settle("a.vhd"));
        Thread waiting = start(second);
        while (waiting.getState() != Thread.State.BLOCKED) {
            assertThat(waiting.isAlive()).isTrue();
            Thread.onSpinWait();
        }

        assertThat(files.settle("b.vhd")).isTrue();
        assertThat(files.names()).containsExactly("a.vhd");
        storage.mayGoOn.countDown();
        assertThat(first.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(second.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isFalse();
        assertThat(files.names()).isEmpty();
    }

    private static Thread start(Runnable work) {
        Thread thread = new Thread(work, "settling");
        thread.start();
        return thread;
    }

    @Test
    void theyStayInTheOrderInWhichTheyCameUntilTheyAreSettled() throws IOException {
        storage.mayGoOn.countDown();
        files.add("gone.vhd");
        files.add("b.vhd");
        assertThat(files.names()).containsExactly("b.vhd", "a.vhd", "gone.vhd");
        assertThatThrownBy(() -> files.settle("gone.vhd")).isInstanceOf(IOException.class);
        assertThat(files.contains("gone.vhd")).isTrue();
        files.remove("gone.vhd");
        assertThat(files.settle("gone.vhd")).isFalse();
        assertThat(files.settle("b.vhd")).isTrue();
        assertThat(files.settle("b.vhd")).isFalse();
    }

    /** Does not open a.vhd for writing before it may go on. */
    private static final class HangingStorage extends ForwardingStorage {
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch mayGoOn = new CountDownLatch(1);

        HangingStorage(FileStorage storage) {
            super(storage);
        }

        @Override
        public BlockFile open(String name) throws IOException {
            if (name.equals("a.vhd")) {
                asked.countDown();
                try {
                    mayGoOn.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
            return super.open(name);
        }
    }
}
