package io.catena.agent.block;

import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Names of block devices that stay the same, whatever number a device has: links that are called as their disks. They are
 * there while the device is, so one that is found leads to its disk.
 */
final class DeviceLinks {
    private final Path directory;

    /**
     * @param directory of the links; made when the first is
     */
    DeviceLinks(Path directory) {
        this.directory = directory;
    }

    /** Returns the name of a disk's device, which need not be there. */
    Path of(VdiId vdi) {
        return directory.resolve(vdi.toString());
    }

    /** Makes the name lead to a device. */
    void point(VdiId vdi, Path device) throws IOException {
        Path link = of(vdi);
        if (leadsTo(link, device)) {
            return;
        }
        Files.createDirectories(directory);
        Path prepared = directory.resolve(vdi + ".new");
        Files.deleteIfExists(prepared);
        Files.createSymbolicLink(prepared, device);
        Files.move(prepared, link, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Removes the name of a device; one that leads elsewhere is of another agent, and stays.
     *
     * @param vdi the disk's id
     */
    void remove(String vdi, Path device) throws IOException {
        Path link = directory.resolve(vdi);
        if (leadsTo(link, device)) {
            Files.delete(link);
        }
    }

    /** Udev, which has a rule of the package to make the same links, makes relative ones. */
    private static boolean leadsTo(Path link, Path device) throws IOException {
        try {
            return Files.exists(link, LinkOption.NOFOLLOW_LINKS)
                    && link.resolveSibling(Files.readSymbolicLink(link))
                            .normalize()
                            .equals(device);
        } catch (NoSuchFileException e) {
            return false; // removed meanwhile
        }
    }
}
