package io.catena.agent.follow.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.stream.Spool;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that wait in a file of this host. */
class LocalSpoolTest {
    @TempDir
    private Path directory;

    @Test
    void whatIsWrittenIsReadInAnyOrderAndHasNoName() throws IOException {
        try (Spool spool = LocalSpool.make(directory, 0)) {
            spool.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
            spool.write(4, ByteBuffer.wrap(new byte[] {5, 6}));
            assertThat(spool.sizeBytes()).isEqualTo(6);
            ByteBuffer read = ByteBuffer.allocate(3);
            spool.read(3, read);
            assertThat(read.array()).containsExactly(4, 5, 6);
            assertThatThrownBy(() -> spool.read(4, ByteBuffer.allocate(3))).isInstanceOf(EOFException.class);
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void theHostsFileSystemIsNotFilled() throws IOException {
        try (Spool spool = LocalSpool.make(directory, Long.MAX_VALUE)) {
            assertThatThrownBy(() -> spool.write(0, ByteBuffer.allocate(1)))
                    .isInstanceOfSatisfying(SrException.class, e -> {
                        assertThat(e.error()).isEqualTo(SrError.SR_NO_SPACE);
                        assertThat(e.detail()).contains(directory.toString());
                    });
            assertThat(spool.sizeBytes()).isZero();
        }
    }
}
