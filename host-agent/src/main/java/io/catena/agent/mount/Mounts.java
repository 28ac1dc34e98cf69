package io.catena.agent.mount;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.agent.linux.MountTable;
import io.catena.agent.linux.MountTable.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What is mounted in the agent's own directory. The place of a mount follows from what is mounted there, so that an agent that is
 * started again finds what the one before it has mounted, and mounts nothing twice.
 *
 * <p><b>Threads.</b> For one change at a time; looks are safe for use by many threads.
 */
final class Mounts {
    private static final Duration MOUNTING = Duration.ofSeconds(60);
    private static final Duration UNMOUNTING = Duration.ofSeconds(20);

    private final Path base;
    private final Programs programs;
    private final Patience patience;

    /**
     * @param base where mounts are made; absolute and without links, so that the table of mounts has the same names
     */
    Mounts(Path base, Programs programs, Patience patience) {
        this.base = base;
        this.programs = programs;
        this.patience = patience;
    }

    /** Returns where something is mounted, or would be. */
    Path point(Wanted wanted) {
        String name = wanted.type() + " " + wanted.source();
        return base.resolve(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString());
    }

    /**
     * Mounts, unless it is mounted, and makes sure that it is what it should be.
     *
     * @return the SR's directory, which is surely in the file system that was wanted
     */
    Path mount(Wanted wanted) throws IOException {
        Path point = point(wanted);
        if (at(point).isEmpty()) {
            // Nothing is mounted here, so this cannot wait for a server.
            Files.createDirectories(
                    point, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            mount(wanted, point);
        }
        check(wanted);
        return wanted.in(point);
    }

    private void mount(Wanted wanted, Path point) throws IOException {
        try {
            run(
                    MOUNTING,
                    "mount",
                    "-t",
                    wanted.type(),
                    "-o",
                    String.join(",", wanted.options()),
                    "--",
                    wanted.source(),
                    point.toString());
        } catch (IOException e) {
            removeUnlessMounted(point, e);
            throw e;
        }
    }

    /** What was given up may be mounted all the same, and is used by the next attach then. */
    private static void removeUnlessMounted(Path point, IOException reason) {
        try {
            if (at(point).isEmpty()) {
                Files.deleteIfExists(point);
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /**
     * Makes sure that what is wanted is mounted and answers.
     *
     * @throws IOException if not: what is written to the place then would be in the directory below the mount, or nowhere
     */
    void check(Wanted wanted) throws IOException {
        Path point = point(wanted);
        Mount mount = at(point).orElseThrow(() -> new IOException(wanted.source() + " is not mounted at " + point));
        String source = sourceOf(wanted);
        if (!mount.type().equals(wanted.type()) || !mount.source().equals(source)) {
            throw new IOException(point + " has " + mount.source() + " of type " + mount.type() + " mounted, expected "
                    + source + " of type " + wanted.type());
        }
        Object device = patience.call(wanted.source(), () -> askedDevice(point));
        if (device.equals(Files.getAttribute(base, "unix:dev"))) {
            throw new IOException(
                    point + " is on the same device as the directory that it is in: nothing is mounted there");
        }
        Path directory = wanted.in(point);
        if (patience.call(wanted.source(), () -> Files.isSymbolicLink(directory))) {
            throw new IOException(directory + " is a link, which can lead anywhere; expected a directory");
        }
    }

    /** The size is asked of the server each time; the kernel tells a directory's attributes from memory while a server is away. */
    private static Object askedDevice(Path point) throws IOException {
        Files.getFileStore(point).getTotalSpace();
        return Files.getAttribute(point, "unix:dev");
    }

    /** Other names of a device are links; the table has its own. */
    private static String sourceOf(Wanted wanted) throws IOException {
        return wanted.source().startsWith("/")
                ? Path.of(wanted.source()).toRealPath().toString()
                : wanted.source();
    }

    /** Unmounts, if it is mounted, and removes the empty place. */
    void unmount(Wanted wanted) throws IOException {
        Path point = point(wanted);
        if (at(point).isPresent()) {
            run(UNMOUNTING, "umount", "--", point.toString());
        }
        if (at(point).isEmpty()) {
            Files.deleteIfExists(point);
        }
    }

    private static Optional<Mount> at(Path point) throws IOException {
        return MountTable.read().at(point);
    }

    private void run(Duration limit, String... command) throws IOException {
        Programs.Result result = programs.run(limit, List.of(command));
        if (result.exitCode() != 0) {
            throw new IOException(command[0] + " failed with status " + result.exitCode() + ": " + result.output());
        }
    }
}
