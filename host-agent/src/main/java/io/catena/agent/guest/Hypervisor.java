package io.catena.agent.guest;

import io.catena.api.VdiId;
import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * What is asked of the program that runs this host's guests.
 *
 * <p><b>Errors.</b> All methods that ask it something throw {@link io.catena.api.SrException}: {@link
 * io.catena.api.SrError#HYPERVISOR_UNAVAILABLE} if it does not answer, {@link io.catena.api.SrError#GUEST_MISSING} if there
 * is no such guest, {@link io.catena.api.SrError#IO_ERROR} if it refuses. <b>Threads.</b> Safe for use by many threads.
 */
public interface Hypervisor extends Closeable {
    /** Is told what happens; called one at a time, by a thread that may ask the hypervisor in turn. */
    interface Listener {
        /** The hypervisor answers, for the first time or again: what happened in between was not told. */
        void connected();

        /** A guest was paused because a request to one of its disks failed. */
        void pausedByIoError(UUID guest);

        /** A guest gave up a disk, or said that it does not; {@code vdi} is one of this agent's. */
        void unplugEnded(UUID guest, VdiId vdi);
    }

    /** Begins to look for the hypervisor, and goes on whenever it is lost. Returns at once. */
    void start(Listener listener);

    /** Whether there is one at all; if not, everything else is refused. */
    default boolean isThere() {
        return true;
    }

    /** Returns the running guests, sorted by name. */
    List<Guest> guests();

    /**
     * Returns a running guest.
     *
     * @param nameOrUuid what its owner calls it, or its UUID
     */
    Guest guest(String nameOrUuid);

    /** Returns a running guest. */
    default Guest guest(UUID id) {
        return guest(id.toString());
    }

    /** Gives a running guest a disk. */
    void plug(UUID guest, GuestDisk disk);

    /** Asks a guest to give up a disk, and returns at once; {@link Listener#unplugEnded} follows, or nothing does. */
    void unplug(UUID guest, GuestDisk disk);

    /** Keeps with a running guest which VDIs were attached to it, for people and for an agent that starts again. */
    void note(UUID guest, Set<VdiId> vdis);

    /** Lets a paused guest run. */
    void resume(UUID guest);

    /**
     * Has a guest write out and hold still its file systems.
     *
     * @return how many
     * @throws GuestAgentException if its agent cannot; some may be frozen all the same
     */
    int freeze(UUID guest, Duration deadline) throws GuestAgentException;

    /**
     * Lets a guest write to its file systems again.
     *
     * @return how many were frozen until now
     * @throws GuestAgentException if its agent cannot
     */
    int thaw(UUID guest, Duration deadline) throws GuestAgentException;

    /** Returns what describes a disk to the hypervisor, for a guest's definition. Does not ask the hypervisor. */
    String describe(GuestDisk disk);
}
