package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class TrackedFileTest {
    private final CountingFile below = new CountingFile();
    private final TrackedFile file = new TrackedFile(below);

    /** Counts syncs, and does something else meanwhile. */
    private static final class CountingFile implements BlockFile {
        private int syncs;
        private boolean fails;
        private Runnable meanwhile = () -> {};

        @Override
        public void read(long offset, ByteBuffer target) {}

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            failIfToldTo();
        }

        private void failIfToldTo() throws IOException {
            if (fails) {
                throw new IOException("told to fail");
            }
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public void truncate(long size) {}

        @Override
        public void punchHole(long offset, long lengthBytes) {}

        @Override
        public void sync() throws IOException {
            meanwhile.run();
            failIfToldTo();
            syncs++;
        }

        @Override
        public String name() {
            return "counting";
        }

        @Override
        public void close() {}
    }

    private void write() throws IOException {
        file.write(0, ByteBuffer.allocate(1));
    }

    @Test
    void whatWasThereBeforeIsSyncedOnce() throws IOException {
        file.syncIfChanged();
        file.syncIfChanged();

        assertThat(below.syncs).isEqualTo(1);
    }

    @Test
    void everyChangeIsSynced() throws IOException {
        file.syncIfChanged();
        write();
        file.syncIfChanged();
        file.truncate(1);
        file.syncIfChanged();
        file.punchHole(0, 1);
        file.syncIfChanged();
        file.takeFrom(below, 0, 0, 1);
        file.syncIfChanged();
        file.syncIfChanged();

        assertThat(below.syncs).isEqualTo(5);
    }

    @Test
    void whatIsWrittenDuringASyncWaitsForTheNext() throws IOException {
        below.meanwhile = () -> {
            try {
                write();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        };
        file.sync();
        below.meanwhile = () -> {};
        file.syncIfChanged();
        file.syncIfChanged();

        assertThat(below.syncs).isEqualTo(2);
    }

    @Test
    void aWriteOrASyncThatFailedIsNotTakenForDurable() throws IOException {
        file.syncIfChanged();
        below.fails = true;
        assertThatThrownBy(this::write).isInstanceOf(IOException.class);
        assertThatThrownBy(file::syncIfChanged).isInstanceOf(IOException.class);
        below.fails = false;
        file.syncIfChanged();

        assertThat(below.syncs).isEqualTo(2);
    }
}
