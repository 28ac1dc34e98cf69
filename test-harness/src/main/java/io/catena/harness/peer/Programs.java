package io.catena.harness.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs other programs to their end, with a deadline. Their standard input is empty, their output goes through temporary
 * files, so that neither a full pipe nor a daemon that keeps one open can hold the caller up.
 */
public final class Programs {
    private static final Duration END_DEADLINE = Duration.ofSeconds(10);

    private static final Map<String, String> PACKAGES = Map.ofEntries(
            Map.entry("blockdev", "util-linux"),
            Map.entry("cp", "coreutils"),
            Map.entry("cpio", "cpio"),
            Map.entry("curl", "curl"),
            Map.entry("dpkg-deb", "dpkg"),
            Map.entry("e2fsck", "e2fsprogs"),
            Map.entry("filefrag", "e2fsprogs"),
            Map.entry("etcd", "etcd-server"),
            Map.entry("fio", "fio"),
            Map.entry("fusermount", "fuse3"),
            Map.entry("libvirtd", "libvirt-daemon libvirt-daemon-driver-qemu"),
            Map.entry("losetup", "mount"),
            Map.entry("mke2fs", "e2fsprogs"),
            Map.entry("mkfifo", "coreutils"),
            Map.entry("mkfs.btrfs", "btrfs-progs"),
            Map.entry("mkfs.ext4", "e2fsprogs"),
            Map.entry("mkfs.xfs", "xfsprogs"),
            Map.entry("mount", "mount"),
            Map.entry("nbdcopy", "libnbd-bin"),
            Map.entry("nbdfuse", "libnbd-bin"),
            Map.entry("nbdinfo", "libnbd-bin"),
            Map.entry("nbdkit", "nbdkit"),
            Map.entry("openssl", "openssl"),
            Map.entry("prometheus", "prometheus"),
            Map.entry("promtool", "prometheus"),
            Map.entry("chromium", "chromium"),
            Map.entry("chromedriver", "chromium-driver"),
            Map.entry("qemu-img", "qemu-utils"),
            Map.entry("qemu-io", "qemu-utils"),
            Map.entry("qemu-nbd", "qemu-utils"),
            Map.entry("qemu-system-x86_64", "qemu-system-x86"),
            Map.entry("resize2fs", "e2fsprogs"),
            Map.entry("setpriv", "util-linux"),
            Map.entry("strace", "strace"),
            Map.entry("tar", "tar"),
            Map.entry("umount", "mount"),
            Map.entry("unshare", "util-linux"),
            Map.entry("vhdimount", "libvhdi-utils"),
            Map.entry("virsh", "libvirt-clients"),
            Map.entry("virtnbdbackup", "virtnbdbackup"),
            Map.entry("virtnbdrestore", "virtnbdbackup"),
            Map.entry("xfs_repair", "xfsprogs"),
            Map.entry("xz", "xz-utils"));

    private Programs() {}

    /**
     * Says how to get a program that is not there.
     *
     * @throws IOException if {@code program} is not on the path; the message holds the command that installs it
     */
    public static void require(String program) throws IOException {
        if (!isPresent(program)) {
            throw new IOException(program + " is not installed: " + installLine(program));
        }
    }

    static String installLine(String program) {
        return "apt-get install -y " + PACKAGES.getOrDefault(program, program);
    }

    /**
     * Runs a program and waits for it.
     *
     * @throws IOException if the program is missing, is not done in time (it is killed then, with its children), or ends
     *     with another exit code than 0
     */
    public static Outcome run(Duration deadline, String... command) throws IOException {
        Outcome outcome = tryRun(deadline, command);
        if (outcome.exitCode() != 0) {
            throw new IOException("failed: " + outcome);
        }
        return outcome;
    }

    /**
     * Runs a program and waits for it, whatever its exit code.
     *
     * @throws IOException if the program is missing or is not done in time (it is killed then, with its children)
     */
    public static Outcome tryRun(Duration deadline, String... command) throws IOException {
        require(command[0]);
        Path stdout = Files.createTempFile("catena-stdout", ".log");
        Path stderr = Files.createTempFile("catena-stderr", ".log");
        try {
            Process process = Traces.traced(new ProcessBuilder(command))
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(stdout.toFile())
                    .redirectError(stderr.toFile())
                    .start();
            boolean ended = awaitEnd(process, deadline);
            int exitCode = ended ? process.exitValue() : killTree(process);
            Outcome outcome = new Outcome(List.of(command), exitCode, text(stdout), text(stderr));
            if (!ended) {
                throw new IOException("not done after " + deadline.toSeconds() + " s, killed: " + outcome);
            }
            return outcome;
        } finally {
            Files.delete(stdout);
            Files.delete(stderr);
        }
    }

    /** Whether a program is on the path; a name with a slash is a path of its own. */
    static boolean isPresent(String program) {
        if (program.contains("/")) {
            return Files.isExecutable(Path.of(program));
        }
        String path = System.getenv("PATH");
        for (String directory : (path == null ? "/usr/bin:/bin" : path).split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    /** Ends a process and its children with SIGKILL and returns its exit code. */
    static int killTree(Process process) throws IOException {
        List<ProcessHandle> children = process.descendants().toList();
        // By handle: Process itself would close the streams, which may hold output yet unread.
        process.toHandle().destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        if (!awaitEnd(process, END_DEADLINE)) {
            throw new IOException("process " + process.pid() + " outlives SIGKILL");
        }
        return process.exitValue();
    }

    /** Returns whether the process ended in time; an interrupt kills it. */
    static boolean awaitEnd(Process process, Duration deadline) throws InterruptedIOException {
        try {
            return process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while process " + process.pid() + " was running");
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), UTF_8);
    }
}
