package io.catena.agent.guest;

import io.catena.api.AccessMode;
import io.catena.api.VdiId;

/**
 * A VDI of this agent as a disk of a guest.
 *
 * @param target what the hypervisor calls the disk, for instance {@code vdb}; the guest may call it otherwise
 */
public record GuestDisk(VdiId vdi, String target, AccessMode mode) {}
