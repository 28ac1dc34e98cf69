package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSystemTypeTest {
    @Test
    void whatAnotherHostCanReachIsNotLocal(@TempDir Path directory) throws IOException {
        assertThat(FileSystemType.of(directory).isLocal()).isTrue();
        assertThat(FileSystemType.of(Path.of("/dev/shm")).isLocal()).isTrue();
        assertThat(FileSystemType.of(Path.of("/proc")).isLocal()).isFalse();
        for (int shared : new int[] {0x6969, 0xFF534D42, 0xFE534D42, 0x00C36400, 0x65735546, 0x01021997, 0x7461636F}) {
            assertThat(FileSystemType.of(shared).isLocal()).isFalse();
            assertThat(FileSystemType.of(shared).name()).doesNotContain("unknown");
        }
        assertThat(FileSystemType.of(0x12345).name()).isEqualTo("of an unknown type, 0x12345");
    }
}
