package io.catena.harness.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A VHD file as libvhdi sees it: {@code vhdimount} shows it, through FUSE, as a raw file until closed.
 *
 * <p>What to know of libvhdi 20210425: it finds a parent only under the header's parent name in the child's directory, takes
 * the size from the footer's original size, needs the footer at the end of the file, and reads a differencing disk wrong
 * whose sector bitmaps mix present and absent sectors within eight.
 */
public final class VhdiMount implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final String PREFIX = "vhdi";

    private final Path mountPoint;
    private final Path view;

    private VhdiMount(Path mountPoint, Path view) {
        this.mountPoint = mountPoint;
        this.view = view;
    }

    /**
     * Mounts a VHD file with its ancestors.
     *
     * @throws IOException if libvhdi refuses it or FUSE is not to be had; nothing stays mounted
     */
    public static VhdiMount open(Path vhd) throws IOException {
        Programs.require("vhdimount");
        Path mountPoint = Files.createTempDirectory("catena-vhdimount");
        try {
            Programs.run(DEADLINE, "vhdimount", vhd.toString(), mountPoint.toString());
        } catch (IOException e) {
            Files.delete(mountPoint);
            throw e;
        }
        try {
            return new VhdiMount(mountPoint, leafOf(mountPoint));
        } catch (IOException | RuntimeException e) {
            unmount(mountPoint, e);
            throw e;
        }
    }

    /** The raw view of the disk, through the chain; there until {@link #close}. */
    public Path view() {
        return view;
    }

    @Override
    public void close() throws IOException {
        unmount(mountPoint);
    }

    /** The chain is shown as vhdi1, vhdi2, ..., from the root to the leaf. */
    private static Path leafOf(Path mountPoint) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try (var views = Files.newDirectoryStream(mountPoint, PREFIX + "*")) {
            for (Path file : views) {
                String name = mountPoint.relativize(file).toString();
                numbers.add(Integer.parseInt(name.substring(PREFIX.length())));
            }
        }
        int leaf = numbers.stream()
                .max(Integer::compare)
                .orElseThrow(() -> new IOException("vhdimount shows nothing in " + mountPoint));
        return mountPoint.resolve(PREFIX + leaf);
    }

    private static void unmount(Path mountPoint, Exception cause) {
        try {
            unmount(mountPoint);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** Root unmounts with umount; others need the set-uid program of FUSE. */
    private static void unmount(Path mountPoint) throws IOException {
        Outcome outcome = Programs.tryRun(DEADLINE, "umount", mountPoint.toString());
        if (outcome.exitCode() != 0) {
            if (!Programs.isPresent("fusermount")) {
                throw new IOException("failed: " + outcome);
            }
            Programs.run(DEADLINE, "fusermount", "-u", mountPoint.toString());
        }
        Files.delete(mountPoint);
    }
}
