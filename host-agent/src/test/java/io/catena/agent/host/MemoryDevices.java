package io.catena.agent.host;

import io.catena.api.VdiId;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Devices that are names only. They outlive the hosts that make them. */
public final class MemoryDevices implements LocalDevices {
    private final Map<VdiId, String> devices = new ConcurrentHashMap<>();

    @Override
    public String add(VdiId vdi) {
        return devices.computeIfAbsent(vdi, id -> "/dev/test-" + id);
    }

    @Override
    public void remove(VdiId vdi) {
        devices.remove(vdi);
    }

    @Override
    public String path(VdiId vdi) {
        return "/dev/test/" + vdi;
    }

    @Override
    public Optional<String> device(VdiId vdi) {
        return Optional.ofNullable(devices.get(vdi));
    }

    @Override
    public void resized(VdiId vdi) {}

    @Override
    public void removeLeftovers(Set<VdiId> wanted) {
        devices.keySet().retainAll(wanted);
    }
}
