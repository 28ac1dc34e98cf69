package io.catena.agent.guest;

import com.google.gson.annotations.SerializedName;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A running guest as it stood when the hypervisor was asked.
 *
 * @param disks those of its disks that this agent serves
 * @param targets the names of all its disks, also of those that are not ours
 * @param noted the VDIs that were attached to it through this agent, or are being so; see {@link Hypervisor#note}
 */
public record Guest(
        String name, UUID guest, State state, List<GuestDisk> disks, Set<String> targets, Set<VdiId> noted) {
    public Guest {
        disks = List.copyOf(disks);
        targets = Set.copyOf(targets);
        noted = Set.copyOf(noted);
    }

    /** Whether its processors run. */
    public enum State {
        @SerializedName("running")
        RUNNING,

        /** Somebody paused it. */
        @SerializedName("paused")
        PAUSED,

        /** The hypervisor paused it because a request to a disk failed. */
        @SerializedName("paused_by_io_error")
        PAUSED_BY_IO_ERROR,

        /** It is shutting down, has crashed, or sleeps. */
        @SerializedName("other")
        OTHER
    }

    /** Returns the guest's disk that is the VDI. */
    Optional<GuestDisk> disk(VdiId vdi) {
        return disks.stream().filter(disk -> disk.vdi().equals(vdi)).findFirst();
    }
}
