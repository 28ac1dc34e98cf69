package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BlockNodeTest {
    /** Among his own mounts any user has a file of any name below /dev, and whoever has it open was in the way of a detach. */
    @Test
    void aFileThatIsCalledLikeTheDeviceIsNotTheDevice(@TempDir Path directory) throws IOException {
        Path file = Files.createFile(directory.resolve("nbd0"));
        try (InputStream open = Files.newInputStream(file)) {
            assertThat(open.available()).isZero();
            assertThat(new BlockNode(file).openers()).isEmpty();
        }
    }
}
