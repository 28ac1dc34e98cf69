package io.catena.harness.model;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Gives whoever plays the guest the disks themselves, with no protocol between. Safe for use by many threads. */
public final class DirectExports implements Exporter {
    private final Map<VdiId, BlockDevice> devices = new ConcurrentHashMap<>();

    /**
     * Returns a disk that is served.
     *
     * @throws IllegalStateException if it is not
     */
    public BlockDevice device(VdiId vdi) {
        BlockDevice device = devices.get(vdi);
        if (device == null) {
            throw new IllegalStateException(vdi + " is not served");
        }
        return device;
    }

    /** Whether a disk is served. */
    public boolean serves(VdiId vdi) {
        return devices.containsKey(vdi);
    }

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        return new Export(vdi, mode, "direct:" + vdi);
    }

    @Override
    public void conceal(VdiId vdi) {}

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) {
        devices.put(vdi, device);
        return announce(vdi, mode);
    }

    @Override
    public void withdraw(VdiId vdi) {
        devices.remove(vdi);
    }
}
