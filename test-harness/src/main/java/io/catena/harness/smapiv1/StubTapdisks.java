package io.catena.harness.smapiv1;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A program in place of {@code tap-ctl}, whose tapdisks are processes that really read a disk's NBD socket with tapdisk's handshake
 * and serve it where tapback would look.
 */
public final class StubTapdisks implements Closeable {
    private static final String CONTROL = "ctl.";

    private final Path directory;

    private StubTapdisks(Path directory) {
        this.directory = directory;
    }

    /** Installs the program in a new directory. */
    public static StubTapdisks install(Path directory) throws IOException {
        Files.createDirectories(directory);
        StubTapdisks stub = new StubTapdisks(directory);
        try (InputStream in = Objects.requireNonNull(StubTapdisks.class.getResourceAsStream("tap-ctl"))) {
            Files.write(stub.program(), in.readAllBytes());
        }
        Files.setPosixFilePermissions(stub.program(), PosixFilePermissions.fromString("rwxr-xr-x"));
        return stub;
    }

    public Path program() {
        return directory.resolve("tap-ctl");
    }

    /** The directory of the links by which tapback finds a disk. */
    public Path links() {
        return directory.resolve("nbd");
    }

    /** Lets every call fail, or none. */
    public void setBroken(boolean broken) throws IOException {
        Path mark = directory.resolve("broken");
        if (broken) {
            Files.writeString(mark, "");
        } else {
            Files.deleteIfExists(mark);
        }
    }

    /** Returns the processes that run. */
    public List<Long> pids() throws IOException {
        List<Long> pids = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.startsWith(CONTROL)) {
                    pids.add(Long.parseLong(name.substring(CONTROL.length())));
                }
            }
        }
        return pids;
    }

    /** Kills the tapdisks that are left. */
    @Override
    public void close() throws IOException {
        for (long pid : pids()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }
}
