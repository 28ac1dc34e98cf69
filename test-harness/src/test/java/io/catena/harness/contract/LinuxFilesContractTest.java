package io.catena.harness.contract;

import io.catena.agent.linux.LinuxFiles;
import io.catena.store.Storage;
import java.nio.file.Path;
import java.util.List;

class LinuxFilesContractTest extends FileStorageContractTest {
    @Override
    Storage storage(Path root, List<Path> allowed) {
        return LinuxFiles.storage(root, allowed);
    }
}
