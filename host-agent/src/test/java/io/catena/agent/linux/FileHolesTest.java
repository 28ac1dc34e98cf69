package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest's discard does not wait until the file system, or a file server, has copied many bytes of the same file. */
@Timeout(60)
class FileHolesTest {
    private static final int COPY_BYTES = 32 << 20;
    private static final int PUNCH_BYTES = 4096;

    /** So many go by only while the copy is under way, not in the moment before it begins. */
    private static final int MANY = 50;

    /** On a busy machine the one may stand still all the time that the other takes. */
    private static final int TRIES = 40;

    @TempDir
    private Path directory;

    private volatile boolean copying;

    @Test
    void spaceIsGivenBackWhileTheFileIsCopiedFrom() throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        try (BlockFile source = storage.create("source");
                BlockFile copy = storage.create("copy")) {
            source.write(0, ByteBuffer.wrap(ones()));
            int most = 0;
            for (int i = 0; i < TRIES && most < MANY; i++) {
                most = Math.max(most, punchedDuring(source, copy));
            }
            assertThat(most).isGreaterThanOrEqualTo(MANY);
        }
    }

    private static byte[] ones() {
        byte[] ones = new byte[COPY_BYTES];
        Arrays.fill(ones, (byte) 1);
        return ones;
    }

    /** Returns how many holes were punched while the file was copied. */
    private int punchedDuring(BlockFile source, BlockFile copy) throws IOException {
        CompletableFuture<BlockFile.Taken> copied = CompletableFuture.supplyAsync(() -> {
            copying = true;
            try {
                // From where no file system can share the bytes in no time.
                return copy.takeFrom(source, 1, 1, COPY_BYTES - 1);
            } catch (IOException e) {
                throw new CompletionException(e);
            } finally {
                copying = false;
            }
        });
        int punched = 0;
        while (!copied.isDone()) {
            boolean before = copying;
            source.punchHole(COPY_BYTES, PUNCH_BYTES);
            punched += before && copying ? 1 : 0;
        }
        assertThat(copied.join()).isEqualTo(BlockFile.Taken.COPIED);
        return punched;
    }
}
