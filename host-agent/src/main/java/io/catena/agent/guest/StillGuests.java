package io.catena.agent.guest;

import io.catena.agent.guest.GuestSnapshot.Consistency;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Has the guests that use some disks hold their file systems still while something is done. */
final class StillGuests {
    private final Hypervisor hypervisor;
    private final FreezeWatch watch;

    StillGuests(Hypervisor hypervisor, FreezeWatch watch) {
        this.hypervisor = hypervisor;
        this.watch = watch;
    }

    <T> Still<T> doing(Set<VdiId> disks, Freeze freeze, Supplier<T> work) {
        if (freeze == Freeze.NEVER) {
            return new Still<>(work.get(), Consistency.CRASH, "no guest was to hold its file systems still");
        }
        List<Guest> users;
        try {
            users = users(disks);
        } catch (SrException e) {
            if (freeze == Freeze.REQUIRE) {
                throw e;
            }
            return new Still<>(work.get(), Consistency.CRASH, "no guest could be asked: " + e.detail());
        }
        if (users.isEmpty() && freeze == Freeze.REQUIRE) {
            throw new SrException(
                            SrError.VDI_SNAPSHOT,
                            "Whoever has the disks open is no guest that this agent knows, so nobody can hold file"
                                    + " systems still")
                    .correction("Attach the disks to their guest by the agent, or do not require it.");
        }
        List<FreezeWatch.Frozen> frozen = new ArrayList<>();
        try {
            for (Guest guest : users) {
                frozen.add(watch.freeze(guest.guest()));
            }
        } catch (GuestAgentException | SrException e) {
            frozen.forEach(FreezeWatch.Frozen::close);
            if (freeze == Freeze.REQUIRE) {
                throw new SrException(
                                SrError.VDI_SNAPSHOT,
                                "A guest cannot hold its file systems still: " + e.getMessage(),
                                e)
                        .correction("Install and start qemu-guest-agent in the guest, or do not require it.");
            }
            return new Still<>(
                    work.get(), Consistency.CRASH, "a guest cannot hold its file systems still: " + e.getMessage());
        }
        return held(frozen, freeze, work);
    }

    private static <T> Still<T> held(List<FreezeWatch.Frozen> frozen, Freeze freeze, Supplier<T> work) {
        T result;
        try {
            result = work.get();
        } finally {
            frozen.forEach(FreezeWatch.Frozen::close);
        }
        if (frozen.isEmpty()) {
            return new Still<>(result, Consistency.CRASH, "no guest of this host uses the disks");
        }
        if (frozen.stream().allMatch(FreezeWatch.Frozen::held)) {
            return new Still<>(result, Consistency.FILESYSTEM, "guests held their file systems still");
        }
        String reason = "a guest did not hold its file systems still until the end";
        return new Still<>(result, Consistency.CRASH, freeze == Freeze.REQUIRE ? reason + ", as was required" : reason);
    }

    private List<Guest> users(Set<VdiId> disks) {
        return hypervisor.guests().stream()
                .filter(guest -> guest.disks().stream().anyMatch(disk -> disks.contains(disk.vdi())))
                .toList();
    }
}
