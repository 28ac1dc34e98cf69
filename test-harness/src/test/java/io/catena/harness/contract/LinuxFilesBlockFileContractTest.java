package io.catena.harness.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.linux.LinuxFiles;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxFilesBlockFileContractTest extends BlockFileContract {
    @TempDir
    private Path directory;

    @Override
    protected Storage storage() {
        return LinuxFiles.storage(directory);
    }

    /** The native descriptor must not be opened by name at the moment of the punch: names move from file to file. */
    @Test
    void aHoleGoesIntoTheFileThatWasOpenedAlsoAfterARename() throws IOException {
        Storage storage = storage();
        try (BlockFile old = storage.create("leaf")) {
            old.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            storage.rename("leaf", "base");
            try (BlockFile fresh = storage.create("leaf")) {
                fresh.write(0, ByteBuffer.wrap(new byte[] {4, 5, 6}));
                old.punchHole(0, 3);
                assertThat(bytes(old)).containsExactly(0, 0, 0);
                assertThat(bytes(fresh)).containsExactly(4, 5, 6);
            }
        }
    }

    private static byte[] bytes(BlockFile file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(3);
        file.readFully(0, bytes);
        return bytes.array();
    }
}
