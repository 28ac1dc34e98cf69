package io.catena.harness.contract;

import io.catena.store.FileStorage;
import java.nio.file.Path;
import java.util.List;

class JavaFilesConfinementTest extends ConfinementContract {
    @Override
    protected FileStorage storage(Path root, List<Path> allowed) {
        return new FileStorage(root, allowed);
    }
}
