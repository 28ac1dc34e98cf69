package io.catena.agent.guest;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Stands for the hypervisor on a host where the agent is to leave guests alone; refuses everything. */
public final class NoHypervisor implements Hypervisor {
    @Override
    public void start(Listener listener) {
        // There is nothing to look for.
    }

    @Override
    public List<Guest> guests() {
        throw absent();
    }

    @Override
    public Guest guest(String nameOrUuid) {
        throw absent();
    }

    @Override
    public void plug(UUID guest, GuestDisk disk) {
        throw absent();
    }

    @Override
    public void unplug(UUID guest, GuestDisk disk) {
        throw absent();
    }

    @Override
    public void note(UUID guest, Set<VdiId> vdis) {
        throw absent();
    }

    @Override
    public void resume(UUID guest) {
        throw absent();
    }

    @Override
    public int freeze(UUID guest, Duration deadline) {
        throw absent();
    }

    @Override
    public int thaw(UUID guest, Duration deadline) {
        throw absent();
    }

    @Override
    public String describe(GuestDisk disk) {
        throw absent();
    }

    @Override
    public void close() {
        // Nothing was opened.
    }

    @Override
    public boolean isThere() {
        return false;
    }

    private static SrException absent() {
        return new SrException(SrError.HYPERVISOR_UNAVAILABLE, "This agent was started without a hypervisor")
                .correction("Start it with --libvirt URI, for instance qemu:///system.");
    }
}
