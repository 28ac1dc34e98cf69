package io.catena.harness.contract;

import io.catena.agent.linux.LinuxFiles;
import io.catena.store.FileStorage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class LinuxFilesConfinementTest extends ConfinementContract {
    @Override
    protected FileStorage storage(Path root, List<Path> allowed) {
        return LinuxFiles.storage(root, allowed);
    }
}
