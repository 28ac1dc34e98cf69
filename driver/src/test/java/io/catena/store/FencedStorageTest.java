package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has lost the lease changes nothing, by no call. */
class FencedStorageTest {
    @TempDir
    private Path directory;

    private final TestLease lease = new TestLease();
    private Storage plain;
    private FencedStorage fenced;

    @BeforeEach
    void makeFile() throws IOException {
        plain = new FileStorage(directory);
        fenced = new FencedStorage(plain, lease);
        try (BlockFile file = plain.create("a")) {
            file.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
        }
    }

    @Test
    void withTheLeaseItIsAnyStorage() throws IOException {
        try (BlockFile file = fenced.open("a")) {
            file.write(0, ByteBuffer.wrap(new byte[] {9}));
            file.sync();
        }
        fenced.rename("a", "b");
        fenced.create("c").close();
        fenced.delete("b");
        fenced.syncNames();
        assertThat(plain.list("")).containsExactly("c");
    }

    @Test
    void withoutItNoNameChangesAndNothingIsOpenedForWriting() throws IOException {
        lease.lose();
        refuses(() -> fenced.create("b"));
        refuses(() -> fenced.open("a"));
        refuses(() -> fenced.rename("a", "b"));
        refuses(() -> fenced.delete("a"));
        refuses(fenced::syncNames);
        assertThat(plain.list("")).containsExactly("a");
        assertThat(fenced.list("")).containsExactly("a");
        assertThat(fenced.info("a").sizeBytes()).isEqualTo(4);
        fenced.openReadOnly("a").close();
    }

    @Test
    void whatIsOpenIsNotChangedAnyMoreOnceSomebodyWasTold() throws IOException {
        try (BlockFile file = fenced.open("a");
                BlockFile source = fenced.openSource("a")) {
            lease.tell();
            refuses(() -> file.write(0, ByteBuffer.wrap(new byte[] {9})));
            refuses(() -> file.truncate(1));
            refuses(() -> file.punchHole(0, 1));
            refuses(() -> file.takeFrom(source, 0, 0, 1));
            refuses(file::sync);
            ByteBuffer bytes = ByteBuffer.allocate(4);
            file.readFully(0, bytes);
            assertThat(bytes.array()).containsExactly(1, 2, 3, 4);
        }
    }

    /** The sync before a write of metadata asks, so the write does not come to pass. */
    @Test
    void aSyncAsksAndFromThenOnWritesFail() throws IOException {
        try (BlockFile file = fenced.open("a")) {
            lease.lose();
            refuses(file::sync);
            refuses(() -> file.write(0, ByteBuffer.wrap(new byte[] {9})));
        }
    }

    /** Not knowing is no reason to change anything, nor to give up for good. */
    @Test
    void aLeaseThatCannotBeAskedNowStopsOnlyThisChange() throws IOException {
        lease.unknown = true;
        assertThatThrownBy(() -> fenced.delete("a")).hasMessage("cannot tell");
        lease.unknown = false;
        fenced.delete("a");
        assertThat(plain.list("")).isEmpty();
    }

    private static void refuses(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(LeaseLostException.class).hasMessageContaining("lost");
    }

    private static final class TestLease implements Lease {
        private final List<Runnable> listeners = new ArrayList<>();
        private boolean lost;
        private boolean unknown;

        void lose() {
            lost = true;
        }

        void tell() {
            lose();
            listeners.forEach(Runnable::run);
        }

        @Override
        public long epoch() {
            return 1;
        }

        @Override
        public void check() throws IOException {
            if (unknown) {
                throw new IOException("cannot tell");
            }
            if (lost) {
                throw new LeaseLostException("the lease is lost");
            }
        }

        @Override
        public void onLost(Runnable told) {
            listeners.add(told);
        }
    }
}
