package io.catena.agent.guest;

import io.catena.agent.guest.GuestAgentException.Kind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Guests in memory that do as the test says. It outlives the services that use it, as a hypervisor does. */
final class FakeHypervisor implements Hypervisor {
    /** Guarded by this. */
    private final Map<UUID, FakeGuest> guests = new TreeMap<>();

    /** What happened, in words. Guarded by this. */
    private final List<String> events = new ArrayList<>();

    private @Nullable Listener listener;
    private @Nullable SrException plugFailure;

    /** A guest; changed by the test and by the hypervisor. */
    static final class FakeGuest {
        final String name;
        final UUID id;
        final Map<String, GuestDisk> disks = new LinkedHashMap<>();
        Set<VdiId> noted = Set.of();
        Guest.State state = Guest.State.RUNNING;
        boolean keepsDisks;
        int filesystems = 2;
        int frozen;

        /** How many of its file systems it thaws by itself before it is told to. */
        int givesUp;

        @Nullable
        Kind agentFailure;

        int failuresAfterResume;
        Runnable whenFrozen = () -> {};

        FakeGuest(String name, UUID id) {
            this.name = name;
            this.id = id;
        }
    }

    synchronized FakeGuest add(String name) {
        FakeGuest guest = new FakeGuest(name, new UUID(0x90, guests.size() + 1L));
        guests.put(guest.id, guest);
        return guest;
    }

    synchronized void remove(FakeGuest guest) {
        guests.remove(guest.id);
    }

    synchronized List<String> events() {
        return List.copyOf(events);
    }

    synchronized void failPlug(SrException failure) {
        plugFailure = failure;
    }

    Listener listener() {
        return Objects.requireNonNull(listener);
    }

    @Override
    public void start(Listener told) {
        listener = told;
        told.connected();
    }

    @Override
    public synchronized List<Guest> guests() {
        return guests.values().stream().map(FakeHypervisor::describe).toList();
    }

    @Override
    public synchronized Guest guest(String nameOrUuid) {
        return describe(find(nameOrUuid));
    }

    @Override
    public synchronized void plug(UUID guest, GuestDisk disk) {
        if (plugFailure != null) {
            throw plugFailure;
        }
        find(guest.toString()).disks.put(disk.target(), disk);
        events.add("plug " + disk.target());
    }

    @Override
    public void unplug(UUID id, GuestDisk disk) {
        synchronized (this) {
            FakeGuest guest = find(id.toString());
            events.add("unplug " + disk.target());
            if (guest.keepsDisks) {
                return;
            }
            guest.disks.remove(disk.target());
        }
        listener().unplugEnded(id, disk.vdi());
    }

    @Override
    public synchronized void note(UUID guest, Set<VdiId> vdis) {
        find(guest.toString()).noted = new HashSet<>(vdis);
        events.add("note " + vdis.size());
    }

    @Override
    public void resume(UUID id) {
        boolean failsAgain;
        synchronized (this) {
            FakeGuest guest = find(id.toString());
            failsAgain = guest.failuresAfterResume-- > 0;
            guest.state = failsAgain ? Guest.State.PAUSED_BY_IO_ERROR : Guest.State.RUNNING;
            events.add("resume");
            notifyAll();
        }
        if (failsAgain) {
            listener().pausedByIoError(id);
        }
    }

    @Override
    public synchronized int freeze(UUID id, Duration deadline) throws GuestAgentException {
        FakeGuest guest = find(id.toString());
        events.add("freeze");
        fail(guest);
        guest.frozen = guest.filesystems;
        guest.whenFrozen.run();
        return guest.frozen;
    }

    @Override
    public synchronized int thaw(UUID id, Duration deadline) throws GuestAgentException {
        FakeGuest guest = find(id.toString());
        fail(guest);
        int frozen = guest.frozen - guest.givesUp;
        guest.frozen = 0;
        events.add("thaw " + frozen);
        notifyAll();
        return frozen;
    }

    @Override
    public String describe(GuestDisk disk) {
        return disk.toString();
    }

    /** Waits until {@code event} has happened so many times. */
    void await(String event, int times) throws InterruptedException {
        await(event, times, Duration.ofSeconds(20));
    }

    synchronized void await(String event, int times, Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        while (events.stream().filter(event::equals).count() < times) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("not " + times + " times \"" + event + "\": " + events);
            }
            wait(left);
        }
    }

    @Override
    public void close() {
        listener = null;
    }

    private static void fail(FakeGuest guest) throws GuestAgentException {
        if (guest.agentFailure != null) {
            throw new GuestAgentException(guest.agentFailure, "as the test says");
        }
    }

    private FakeGuest find(String nameOrUuid) {
        return guests.values().stream()
                .filter(guest ->
                        guest.name.equals(nameOrUuid) || guest.id.toString().equals(nameOrUuid))
                .findFirst()
                .orElseThrow(() -> new SrException(SrError.GUEST_MISSING, "There is no guest " + nameOrUuid));
    }

    private static Guest describe(FakeGuest guest) {
        return new Guest(
                guest.name,
                guest.id,
                guest.state,
                List.copyOf(guest.disks.values()),
                Set.copyOf(guest.disks.keySet()),
                guest.noted);
    }
}
