package io.catena.harness.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class FileStorageContractTest extends StorageContract {
    @TempDir
    private Path directory;

    private Storage storage;

    @BeforeEach
    void createRoot() throws IOException {
        storage = storage(Files.createDirectory(directory.resolve("sr")), List.of(directory.resolve("other")));
    }

    Storage storage(Path root, List<Path> allowed) {
        return new FileStorage(root, allowed);
    }

    @Override
    protected Storage storage() {
        return storage;
    }

    @Override
    protected String rootPath() {
        return directory.resolve("sr").toString();
    }

    @Override
    protected void createBeside(String path, String text) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, text.getBytes(US_ASCII));
    }
}
