package io.catena.agent.block;

import io.catena.agent.linux.FuseConnection;
import io.catena.agent.linux.LoopDevice;
import io.catena.agent.linux.MountTable;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.RequestMeters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Loop devices on files that this process serves over FUSE; every kernel can have them. */
final class LoopDevices implements DeviceKind {
    private final RequestMeters meters;

    LoopDevices(RequestMeters meters) {
        this.meters = meters;
    }

    @Override
    public List<Path> left(Path directory) throws IOException {
        return MountTable.read().within(directory, FuseConnection.TYPE);
    }

    @Override
    public List<Path> devices(Path file) throws IOException {
        return LoopDevice.of(file).stream().map(LoopDevice::path).toList();
    }

    @Override
    public DeviceExport open(Path file, VdiId vdi, BlockDevice disk) throws IOException {
        return LoopExport.open(file, new MeteredDisk(disk, meters.of(vdi)));
    }

    @Override
    public void clear(Path file) throws IOException {
        LoopExport.clear(file);
    }
}
