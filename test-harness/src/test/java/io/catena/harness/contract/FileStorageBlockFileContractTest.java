package io.catena.harness.contract;

import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FileStorageBlockFileContractTest extends BlockFileContract {
    @TempDir
    private Path directory;

    @Override
    protected Storage storage() {
        return new FileStorage(directory);
    }
}
