package io.catena.harness.e2e;

import io.catena.agent.block.BlockExports;
import io.catena.agent.linux.MountTable;
import io.catena.agent.nbd.NbdExports;
import io.catena.disk.RequestMeters;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * File systems on block devices, mounted in a test's directory. {@link #close} leaves nothing, also after a failure: neither
 * mounts nor loop devices nor processes.
 */
public final class MountedDisks implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private final Path directory;
    private final Path runDirectory;

    /**
     * @param directory of the mount points
     * @param runDirectory of the agent
     */
    public MountedDisks(Path directory, Path runDirectory) throws IOException {
        this.directory = directory.toRealPath();
        this.runDirectory = runDirectory.toRealPath();
    }

    /** The kinds of file systems. */
    public enum Kind {
        ext4,
        xfs
    }

    /** Makes a file system. */
    public static void format(Path device, Kind kind) throws IOException {
        switch (kind) {
            case ext4 -> Programs.run(DEADLINE, "mkfs.ext4", "-q", "-F", device.toString());
            case xfs -> Programs.run(DEADLINE, "mkfs.xfs", "-q", "-f", device.toString());
        }
    }

    /** Checks a file system that is not mounted. */
    public static void check(Path device, Kind kind) throws IOException {
        switch (kind) {
            case ext4 -> Programs.run(DEADLINE, "e2fsck", "-fn", device.toString());
            case xfs -> Programs.run(DEADLINE, "xfs_repair", "-n", device.toString());
        }
    }

    /** Mounts a device and returns where. */
    public Path mount(Path device) throws IOException {
        Path point = Files.createTempDirectory(directory, "mount");
        // A copy has the UUID of its origin, with which XFS is mounted once only.
        String options = Programs.run(DEADLINE, "blkid", "-o", "value", "-s", "TYPE", device.toString())
                        .stdout()
                        .strip()
                        .equals("xfs")
                ? "nouuid"
                : "defaults";
        Programs.run(DEADLINE, "mount", "-o", options, device.toString(), point.toString());
        return point;
    }

    public void unmount(Path point) throws IOException {
        Programs.run(DEADLINE, "umount", point.toString());
    }

    @Override
    public void close() throws IOException {
        for (MountTable.Mount mount : MountTable.read().mounts()) {
            if (directory.equals(mount.point().getParent())) {
                Programs.run(DEADLINE, "umount", "-l", mount.point().toString());
            }
        }
        Path none = runDirectory.resolve("nbd.sock");
        NbdExports network = new NbdExports(none, DEADLINE);
        BlockExports.withLoops(network, runDirectory.resolve("block"), Path.of("/dev/catena"), RequestMeters.NONE)
                .removeLeftovers(Set.of());
    }
}
