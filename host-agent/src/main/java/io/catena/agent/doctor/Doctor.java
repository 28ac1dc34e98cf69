package io.catena.agent.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Examines a host by reading what its kernel tells in files. Changes nothing. */
public final class Doctor {
    private static final long LEAST_MEMORY_KIB = 1536L << 10;
    private static final long LEAST_OPEN_FILES = 4096;
    private static final int OLDEST_LINUX = 5;

    private final Path root;
    private final Path runDirectory;
    private final Map<String, String> environment;

    /**
     * @param root what is examined, {@code /} but for tests
     * @param runDirectory the agent's; need not exist
     * @param environment tells where programs are
     */
    public Doctor(Path root, Path runDirectory, Map<String, String> environment) {
        this.root = root;
        this.runDirectory = runDirectory;
        this.environment = Map.copyOf(environment);
    }

    /** Returns what was found, in the order in which it is to be read. */
    public List<Finding> examine() throws IOException {
        return Stream.concat(
                        Stream.of(linux(), runDirectory(), memory(), openFiles(), clock(), nbdModule(), fuse()),
                        Stream.of(
                                program("qemu-img", "disks of other formats are not converted"),
                                program("libvirtd", "guests are not looked after"),
                                program("mount.nfs", "SRs of type nfs are not mounted"),
                                program("mkfs.xfs", "SRs of type xfs are not made")))
                .toList();
    }

    private Finding linux() throws IOException {
        String release = text("proc/sys/kernel/osrelease").orElse("unknown");
        int major = number(release.split("[.]", -1)[0]).orElse(0L).intValue();
        return major >= OLDEST_LINUX
                ? Finding.ok("kernel", "Linux " + release)
                : Finding.note("kernel", "Linux " + release, "Block devices need Linux 5.8 or later.");
    }

    /** The redo logs in it must not outlive the boot, and are written with every new block. */
    private Finding runDirectory() throws IOException {
        String type = Files.getFileStore(nearest(runDirectory.toAbsolutePath())).type();
        return type.equals("tmpfs")
                ? Finding.ok("run directory", runDirectory + " on tmpfs")
                : Finding.note(
                        "run directory",
                        runDirectory + " on " + type,
                        "Put it on tmpfs (/run): each new block is noted there, and it should be empty after a reboot.");
    }

    private static Path nearest(Path wanted) {
        Path up = wanted.getParent();
        return Files.isDirectory(wanted) || up == null ? wanted : nearest(up);
    }

    private Finding memory() throws IOException {
        long availableKib = field("proc/meminfo", "MemAvailable:").orElse(0L);
        String found = (availableKib >> 10) + " MiB available";
        return availableKib >= LEAST_MEMORY_KIB
                ? Finding.ok("memory", found)
                : Finding.problem("memory", found, "The agent takes up to 1.1 GiB; leave it 1.5 GiB.");
    }

    private Finding openFiles() throws IOException {
        long limit = field("proc/self/limits", "Max open files").orElse(Long.MAX_VALUE);
        String found = (limit == Long.MAX_VALUE ? "no limit" : limit) + " for this shell";
        return limit >= LEAST_OPEN_FILES
                ? Finding.ok("open files", found)
                : Finding.note(
                        "open files",
                        found,
                        "Raise it for the agent (ulimit -n, LimitNOFILE=): a disk takes two for itself and one for each"
                                + " node of its chain.");
    }

    private Finding clock() {
        boolean kept = Stream.of("run/systemd/timesync/synchronized", "run/chrony", "run/chronyd.pid", "run/ntpd.pid")
                .anyMatch(file -> Files.exists(root.resolve(file)));
        return kept
                ? Finding.ok("clock", "is kept right")
                : Finding.note(
                        "clock",
                        "nothing known keeps it right",
                        "Run chrony or systemd-timesyncd: schedules go by it.");
    }

    private Finding nbdModule() {
        return Files.exists(root.resolve("sys/module/nbd"))
                ? Finding.ok("module nbd", "is loaded")
                : Finding.note(
                        "module nbd",
                        "is not loaded",
                        "For block devices: modprobe nbd before the agent starts; else loop devices are made.");
    }

    private Finding fuse() {
        boolean there = Files.exists(root.resolve("dev/fuse")) && Files.exists(root.resolve("dev/loop-control"));
        return there
                ? Finding.ok("fuse and loop", "are there")
                : Finding.note("fuse and loop", "are not there", "Block devices without nbd need: modprobe fuse loop");
    }

    private Finding program(String name, String otherwise) {
        return Arrays.stream((environment.getOrDefault("PATH", "") + ":/usr/sbin:/sbin").split(":", -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(found -> Finding.ok(name, found.toString()))
                .orElseGet(() -> Finding.note(name, "is not installed", "Without it " + otherwise + "."));
    }

    private Optional<String> text(String file) throws IOException {
        Path path = root.resolve(file);
        return Files.isReadable(path) ? Optional.of(Files.readString(path).strip()) : Optional.empty();
    }

    /** Returns the first number behind a name at the beginning of a line. */
    private Optional<Long> field(String file, String name) throws IOException {
        return text(file).stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip().split("\\s+", -1)[0])
                .flatMap(value -> number(value).stream())
                .findFirst();
    }

    private static Optional<Long> number(String text) {
        return text.matches("[0-9]{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }
}
