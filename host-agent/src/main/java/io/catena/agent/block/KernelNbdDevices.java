package io.catena.agent.block;

import io.catena.agent.linux.NbdDevice;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/** NBD devices of the kernel, served by this process. */
final class KernelNbdDevices implements DeviceKind {
    private static final Logger LOG = Logger.getLogger(KernelNbdDevices.class.getName());

    private final Path socket;

    /**
     * @param socket where the disks are served over NBD, before the first device is opened
     */
    KernelNbdDevices(Path socket) {
        this.socket = socket;
    }

    @Override
    public List<Path> left(Path directory) throws IOException {
        return NbdDevice.all().stream()
                .map(device -> Path.of(device.identifier()))
                .filter(file -> directory.equals(file.getParent()))
                .toList();
    }

    @Override
    public List<Path> devices(Path file) throws IOException {
        return of(file).stream().map(device -> device.node().path()).toList();
    }

    @Override
    public DeviceExport open(Path file, VdiId vdi, BlockDevice disk) throws IOException {
        for (NbdDevice device : of(file)) {
            try {
                return KernelNbdExport.takeOver(device, socket, vdi, disk);
            } catch (IOException e) {
                Path path = device.node().path();
                LOG.log(Level.SEVERE, LogLine.of("block-take-over-failed", "device", path, "vdi", vdi), e);
            }
        }
        clear(file);
        return KernelNbdExport.make(file, socket, vdi, disk);
    }

    @Override
    public void clear(Path file) throws IOException {
        for (NbdDevice device : of(file)) {
            List<String> users = device.node().visibleHolders();
            LOG.warning(LogLine.of("block-leftover", "device", device.node().path(), "file", file, "users", users));
            device.disconnect();
            device.node().announce();
        }
    }

    /** Several if one was given up while somebody used it: it is there until that ends. */
    private static List<NbdDevice> of(Path file) throws IOException {
        return NbdDevice.all().stream()
                .filter(device -> device.identifier().equals(file.toString()))
                .toList();
    }
}
