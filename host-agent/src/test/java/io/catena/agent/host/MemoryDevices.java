package io.catena.agent.host;

import io.catena.api.Endpoint;
import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Devices that are names only. They outlive the hosts that make them. */
public final class MemoryDevices implements ExportServer {
    private final Map<VdiId, String> devices = new ConcurrentHashMap<>();
    private final Set<VdiId> used = ConcurrentHashMap.newKeySet();

    @Override
    public ExportKind kind() {
        return ExportKind.BLOCK;
    }

    @Override
    public Endpoint open(VdiId vdi) {
        return new Endpoint.BlockDevice(devices.computeIfAbsent(vdi, id -> "/dev/test-" + id));
    }

    /** Lets somebody use a device for good. */
    void use(VdiId vdi) {
        used.add(vdi);
    }

    @Override
    public void close(VdiId vdi) {
        if (used.contains(vdi)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + vdi + ": somebody has mounted it");
        }
        devices.remove(vdi);
    }

    @Override
    public String path(VdiId vdi) {
        return "/dev/test/" + vdi;
    }

    @Override
    public Optional<Endpoint> endpoint(VdiId vdi) {
        return Optional.ofNullable(devices.get(vdi)).map(Endpoint.BlockDevice::new);
    }

    @Override
    public void resized(VdiId vdi) {}

    @Override
    public void removeLeftovers(Set<VdiId> wanted) {
        devices.keySet().retainAll(wanted);
    }
}
