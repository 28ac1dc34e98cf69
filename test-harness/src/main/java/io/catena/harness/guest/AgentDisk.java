package io.catena.harness.guest;

import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk with which a guest can run the agent; see {@code build-agent-disk.sh}.
 *
 * @param directory what is on it; the guest has to mount it there
 * @param image the disk, raw
 */
public record AgentDisk(Path directory, Path image) {
    private static final Duration BUILD_DEADLINE = Duration.ofMinutes(5);

    /** Emulated code that was just compiled has to be compiled once more, by the emulator: less of it is faster. */
    private static final List<String> JAVA_OPTIONS = List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:CompileThresholdScaling=10",
            "-XX:-UsePerfData",
            "-XX:ReservedCodeCacheSize=16m",
            "-Xmx128m");

    /**
     * Builds one in a directory.
     *
     * @param clone where the agent was built, with {@code mvn package}
     * @throws IOException if a program is missing
     */
    public static AgentDisk build(Path directory, Path clone) throws IOException {
        return build(directory, clone, "curl", "e2fsck", "fstrim", "mke2fs");
    }

    /** As {@link #build(Path, Path)}, with other programs, and directories of files. */
    public static AgentDisk build(Path directory, Path clone, String... programs) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "sh",
                Scripts.unpack("build-agent-disk.sh", directory).toString(),
                directory.toString(),
                clone.toString(),
                System.getProperty("java.home")));
        for (String program : programs) {
            if (!Files.isDirectory(Path.of(program))) {
                Programs.require(program);
            }
            command.add(program);
        }
        Programs.run(BUILD_DEADLINE, command.toArray(new String[0]));
        return new AgentDisk(directory.resolve("agent"), directory.resolve("agent.raw"));
    }

    /** Returns the element of a guest's definition that gives it the disk, as {@code /dev/vda}. */
    public String element() {
        return "<disk type='file'><driver name='qemu' type='raw' cache='unsafe'/><source file='" + image
                + "'/><target dev='vda' bus='virtio'/></disk>";
    }

    /** Returns a script for the guest that makes the disk's programs usable. */
    public String mounting() {
        return "mkdir -p " + directory + " && mount -t ext2 /dev/vda " + directory;
    }

    /** Returns the start of scripts that use {@code catena}; other programs are called by {@link #program}. */
    public String environment() {
        return "export PATH=" + directory + "/java/bin:" + directory
                + "/clone/host-agent/bin:/usr/bin:/bin LD_LIBRARY_PATH="
                + directory + "/lib CATENA_NO_ARCHIVE=1 CATENA_RUN_DIR=/run/catena JDK_JAVA_OPTIONS='"
                + String.join(" ", JAVA_OPTIONS) + "'\n";
    }

    /** Returns the path of a program in the guest; the shell has some of its own under the same names. */
    public String program(String name) {
        return directory.resolve("bin").resolve(name).toString();
    }
}
