package io.catena.harness.peer;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A file system whose files can share extents, in an image file on a loop device. Only root can have one.
 *
 * <p>The loop device goes with the mount. A process that dies leaves both behind; {@link #close} is for all other cases.
 */
public final class ReflinkImage implements Closeable {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private final Path image;
    private final Path mount;

    /** Which file system it is. */
    public enum Kind {
        XFS("mkfs.xfs", "-q -m reflink=1"),
        BTRFS("mkfs.btrfs", "-q");

        private final String maker;
        private final String options;

        Kind(String maker, String options) {
            this.maker = maker;
            this.options = options;
        }
    }

    private ReflinkImage(Path image, Path mount) {
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
    public static ReflinkImage mount(Kind kind, Path directory, long sizeBytes) throws IOException {
        Programs.require(kind.maker);
        Path image = directory.resolve(kind + ".img");
        Path mount = Files.createDirectories(directory.resolve(kind.name()));
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        List<String> make = new ArrayList<>(List.of(kind.maker));
        make.addAll(List.of(kind.options.split(" ", -1)));
        make.add(image.toString());
        Programs.run(DEADLINE, make.toArray(String[]::new));
        Programs.run(DEADLINE, "mount", "-o", "loop", image.toString(), mount.toString());
        return new ReflinkImage(image, mount);
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
