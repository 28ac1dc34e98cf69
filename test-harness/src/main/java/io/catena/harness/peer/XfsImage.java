package io.catena.harness.peer;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * An XFS file system whose files can share extents, in an image file on a loop device. Only root can have one.
 *
 * <p>The loop device goes with the mount. A process that dies leaves both behind; {@link #close} is for all other cases.
 */
public final class XfsImage implements Closeable {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private final Path image;
    private final Path mount;

    private XfsImage(Path image, Path mount) {
        this.image = image;
        this.mount = mount;
    }

    /** Whether this process may mount file systems. */
    public static boolean isPossible() throws IOException {
        return Programs.run(DEADLINE, "id", "-u").stdout().strip().equals("0");
    }

    /**
     * Makes and mounts one.
     *
     * @param directory for the image and the mount point
     */
    public static XfsImage mount(Path directory, long sizeBytes) throws IOException {
        Programs.require("mkfs.xfs");
        Path image = directory.resolve("xfs.img");
        Path mount = Files.createDirectories(directory.resolve("xfs"));
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        Programs.run(DEADLINE, "mkfs.xfs", "-q", "-m", "reflink=1", image.toString());
        Programs.run(DEADLINE, "mount", "-o", "loop", image.toString(), mount.toString());
        return new XfsImage(image, mount);
    }

    /** Returns the root of the file system. */
    public Path root() {
        return mount;
    }

    @Override
    public void close() throws IOException {
        Programs.run(DEADLINE, "umount", mount.toString());
        Files.delete(image);
        Files.delete(mount);
    }
}
