package io.catena.agent.block;

import io.catena.agent.host.ExportServer;
import io.catena.api.AccessMode;
import io.catena.api.Endpoint;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.RequestMeters;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Makes disks that are exported also block devices of this host.
 *
 * <p>A disk that is withdrawn while it is a device, as all are when the agent ends, stays a device, whose requests wait; the
 * next agent goes on with it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class BlockExports implements Exporter, ExportServer {
    private static final Logger LOG = Logger.getLogger(BlockExports.class.getName());

    /** Less than what a caller waits for the SR. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Exporter network;
    private final Path directory;

    /** New devices are of the first. */
    private final List<DeviceKind> kinds;

    private final DeviceLinks links;
    private final Map<VdiId, Disk> disks = new ConcurrentHashMap<>();

    private BlockExports(Exporter network, Path directory, Path links, List<DeviceKind> kinds) {
        this.network = network;
        this.directory = directory;
        this.links = new DeviceLinks(links);
        this.kinds = kinds;
    }

    /**
     * Makes loop devices.
     *
     * @param network what else exports the disks
     * @param directory for the files that the devices are made of; absolute
     * @param links the directory for names of the devices that stay the same
     * @param meters hear of the requests to the devices
     */
    public static BlockExports withLoops(Exporter network, Path directory, Path links, RequestMeters meters) {
        return new BlockExports(network, directory, links, List.of(new LoopDevices(meters)));
    }

    /**
     * Makes NBD devices of the kernel, and goes on with loop devices that an agent before this one left.
     *
     * @param network what exports the disks over NBD
     * @param socket where they are served before the first device is made
     * @param directory as for {@link #withLoops}
     * @param links as for {@link #withLoops}
     * @param meters hear of the requests to loop devices; those to NBD devices are the server's to measure
     */
    public static BlockExports withKernelNbd(
            Exporter network, Path socket, Path directory, Path links, RequestMeters meters) {
        return new BlockExports(
                network, directory, links, List.of(new KernelNbdDevices(socket), new LoopDevices(meters)));
    }

    /** A disk that is exported, and its device if it is one, which is changed by holders of this only. */
    private static final class Disk {
        private final BlockDevice device;
        private volatile @Nullable DeviceExport made;

        Disk(BlockDevice device) {
            this.device = device;
        }
    }

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        return network.announce(vdi, mode);
    }

    @Override
    public void conceal(VdiId vdi) {
        network.conceal(vdi);
    }

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
        Export export = network.publish(vdi, mode, device);
        disks.put(vdi, new Disk(device));
        return export;
    }

    @Override
    public void withdraw(VdiId vdi) {
        Disk disk = disks.get(vdi);
        if (disk != null) {
            letGo(vdi, disk);
        }
        network.withdraw(vdi);
        disks.remove(vdi);
    }

    private static void letGo(VdiId vdi, Disk disk) {
        synchronized (disk) {
            DeviceExport made = disk.made;
            if (made == null) {
                return;
            }
            try {
                made.letGo(PATIENCE);
                disk.made = null;
            } catch (IOException e) {
                throw new SrException(SrError.TRY_AGAIN, "VDI " + vdi + " is still being used: " + e.getMessage(), e)
                        .correction("Check the storage below the SR, then try again.");
            }
        }
    }

    @Override
    public ExportKind kind() {
        return ExportKind.BLOCK;
    }

    @Override
    public Endpoint open(VdiId vdi) {
        Disk disk = disks.get(vdi);
        if (disk == null) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + vdi + " is not attached");
        }
        synchronized (disk) {
            try {
                Files.createDirectories(directory);
                DeviceExport made = disk.made;
                if (made == null) {
                    made = kindOf(file(vdi)).open(file(vdi), vdi, disk.device);
                    disk.made = made;
                }
                links.point(vdi, made.device());
                return new Endpoint.BlockDevice(made.device().toString());
            } catch (IOException e) {
                throw new SrException(
                                SrError.IO_ERROR, "VDI " + vdi + " cannot be made a block device: " + e.getMessage(), e)
                        .correction(
                                "A block device needs an agent that runs as root, and a kernel with nbd, or fuse and loop;"
                                        + " NBD does not: ",
                                Remedy.of(Verb.VDI_ATTACH, vdi).with("as", "nbd"));
            }
        }
    }

    /** Returns what the disk's device is, or will be, made with: a device that is in use stays what it is. */
    private DeviceKind kindOf(Path file) throws IOException {
        for (DeviceKind kind : kinds) {
            if (kind.left(directory).contains(file)) {
                return kind;
            }
        }
        return kinds.get(0);
    }

    @Override
    public void close(VdiId vdi) {
        Disk disk = disks.get(vdi);
        if (disk == null) {
            return;
        }
        synchronized (disk) {
            DeviceExport made = disk.made;
            if (made == null) {
                return;
            }
            try {
                remove(vdi, made);
                disk.made = null;
            } catch (DeviceExport.HeldException e) {
                throw new SrException(SrError.VDI_IN_USE, "VDI " + vdi + ": " + e.getMessage(), e)
                        .correction("Unmount it, or end what has it open, then detach it again.");
            } catch (IOException e) {
                throw new SrException(
                        SrError.IO_ERROR,
                        "The block device of VDI " + vdi + " cannot be removed: " + e.getMessage(),
                        e);
            }
        }
    }

    /** The name goes first: it must not lead to a device that somebody else has made meanwhile. */
    private void remove(VdiId vdi, DeviceExport made) throws IOException {
        links.remove(vdi.toString(), made.device());
        try {
            made.remove(PATIENCE);
        } catch (DeviceExport.HeldException e) {
            links.point(vdi, made.device());
            throw e;
        }
    }

    @Override
    public String path(VdiId vdi) {
        return links.of(vdi).toString();
    }

    @Override
    public Optional<Endpoint> endpoint(VdiId vdi) {
        Disk disk = disks.get(vdi);
        DeviceExport made = disk == null ? null : disk.made;
        return made == null
                ? Optional.empty()
                : Optional.of(new Endpoint.BlockDevice(made.device().toString()));
    }

    @Override
    public void resized(VdiId vdi) {
        Disk disk = disks.get(vdi);
        if (disk == null) {
            return;
        }
        synchronized (disk) {
            DeviceExport made = disk.made;
            if (made == null) {
                return;
            }
            try {
                made.resized();
            } catch (IOException e) {
                throw new SrException(
                                SrError.IO_ERROR,
                                "VDI " + vdi + " has its new size, but its block device does not: " + e.getMessage(),
                                e)
                        .correction("Resize it to the same size again.");
            }
        }
    }

    @Override
    public void removeLeftovers(Set<VdiId> wanted) {
        try {
            for (DeviceKind kind : kinds) {
                for (Path file : kind.left(directory)) {
                    if (!isWanted(file, wanted)) {
                        for (Path device : kind.devices(file)) {
                            links.remove(String.valueOf(file.getFileName()), device);
                        }
                        kind.clear(file);
                        LOG.info(LogLine.of("block-leftover-removed", "file", file));
                    }
                }
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("block-leftovers-stay", "directory", directory), e);
        }
    }

    private boolean isWanted(Path file, Set<VdiId> wanted) {
        return wanted.stream().anyMatch(vdi -> file(vdi).equals(file));
    }

    private Path file(VdiId vdi) {
        return directory.resolve(vdi.toString());
    }
}
