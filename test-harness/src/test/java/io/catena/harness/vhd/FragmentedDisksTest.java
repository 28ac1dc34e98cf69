package io.catena.harness.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A thousand fragmented disks are used within the heap that the agent has by default; here fewer within a part of it, if the
 * property {@code catena.disks} does not say how many.
 */
@Tag("slow")
class FragmentedDisksTest {
    private static final Duration DEADLINE = Duration.ofMinutes(10);
    private static final int DISKS = Integer.getInteger("catena.disks", 60);
    private static final int HEAP_MIB_OF_A_THOUSAND = 512;

    /** What there is beside disks. */
    private static final int OTHER_HEAP_MIB = 24;

    @TempDir
    private Path directory;

    @Test
    void manyFragmentedDisksFitIntoTheHeap() throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Outcome outcome = Programs.run(
                DEADLINE,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + (OTHER_HEAP_MIB + DISKS * (HEAP_MIB_OF_A_THOUSAND - OTHER_HEAP_MIB) / 1000) + "m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                classPath,
                "io.catena.harness.vhd.FragmentedDisks",
                directory.toString(),
                Integer.toString(DISKS));
        System.out.print(outcome.stdout());
        assertThat(outcome.stdout()).startsWith("fragmented: " + DISKS + " disks");
    }
}
