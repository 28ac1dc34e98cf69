package io.catena.harness.guest;

import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a guest starts from, built out of Debian packages that apt downloads; see {@code build-guest.sh}.
 *
 * @param kernel a kernel that can be booted directly, with {@code initrd}
 * @param disk a raw disk of 64 MiB that the BIOS boots; its second partition is empty
 */
public record GuestImage(Path kernel, Path initrd, Path disk) {
    /** Size of the bootable disk. */
    public static final long DISK_BYTES = 64L << 20;

    /** The element of a guest's network card. The guest may call itself 10.0.2.15, and reaches the host as 10.0.2.2. */
    public static final String NETWORK = "<interface type='user'><model type='virtio'/></interface>";

    private static final Duration BUILD_DEADLINE = Duration.ofMinutes(5);

    /**
     * Builds one in a directory, which is made if it is absent.
     *
     * @throws IOException if a program is missing, or apt cannot download
     */
    public static GuestImage build(Path directory) throws IOException {
        return build(directory, "");
    }

    /** As {@link #build(Path)}, for guests whose kernel is an NBD client, over the network of {@link #NETWORK}. */
    public static GuestImage buildWithNbd(Path directory) throws IOException {
        Programs.require("mkfs.xfs");
        return build(directory, "nbd");
    }

    /** As {@link #build(Path)}, for guests whose kernel is an NFS server and its client; see {@link NfsServer}. */
    public static GuestImage buildWithNfs(Path directory) throws IOException {
        Scripts.unpack("nfs-server", directory);
        return build(directory, "nfs");
    }

    private static GuestImage build(Path directory, String more) throws IOException {
        for (String program : new String[] {"apt-get", "dpkg-deb", "cpio", "mke2fs", "gzip"}) {
            Programs.require(program);
        }
        Path script = Scripts.unpack("build-guest.sh", directory);
        Scripts.unpack("guest-init", directory);
        Programs.run(BUILD_DEADLINE, "sh", script.toString(), directory.toString(), more);
        return new GuestImage(
                directory.resolve("vmlinuz"), directory.resolve("initrd.gz"), directory.resolve("boot.raw"));
    }
}
