package io.catena.agent.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorTest {
    private final Path root;

    DoctorTest(@TempDir Path root) {
        this.root = root;
    }

    @Test
    void aHostThatLacksEverythingIsToldSo() throws IOException {
        write("proc/sys/kernel/osrelease", "4.19.0-1");
        write("proc/meminfo", "MemTotal: 1 kB\nMemAvailable:     512000 kB\n");
        write("proc/self/limits", "Max open files            1024                 4096                 files\n");

        assertThat(level("kernel")).isEqualTo(Finding.Level.NOTE);
        assertThat(finding("memory").found()).isEqualTo("500 MiB available");
        assertThat(level("memory")).isEqualTo(Finding.Level.PROBLEM);
        assertThat(finding("open files").found()).isEqualTo("1024 for this shell");
        assertThat(level("open files")).isEqualTo(Finding.Level.NOTE);
        assertThat(level("clock")).isEqualTo(Finding.Level.NOTE);
        assertThat(level("module nbd")).isEqualTo(Finding.Level.NOTE);
        assertThat(level("qemu-img")).isEqualTo(Finding.Level.NOTE);
    }

    @Test
    void aHostThatHasEverythingIsWell() throws IOException {
        write("proc/sys/kernel/osrelease", "6.1.0-18-cloud-amd64\n");
        write("proc/meminfo", "MemAvailable:   20000000 kB\n");
        write("proc/self/limits", "Max open files            1048576              1048576              files\n");
        write("run/systemd/timesync/synchronized", "");
        write("dev/fuse", "");
        write("dev/loop-control", "");
        Files.createDirectories(root.resolve("sys/module/nbd"));
        write("bin/qemu-img", "");
        assertThat(root.resolve("bin/qemu-img").toFile().setExecutable(true)).isTrue();

        for (String what :
                new String[] {"kernel", "memory", "open files", "clock", "module nbd", "fuse and loop", "qemu-img"}) {
            assertThat(level(what)).as(what).isEqualTo(Finding.Level.OK);
        }
    }

    private Finding.Level level(String what) throws IOException {
        return finding(what).level();
    }

    private Finding finding(String what) throws IOException {
        Doctor doctor = new Doctor(
                root,
                root.resolve("run/catena"),
                Map.of("PATH", root.resolve("bin").toString()));
        return doctor.examine().stream()
                .filter(finding -> finding.what().equals(what))
                .findFirst()
                .orElseThrow();
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
