package io.catena.agent.host;

import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.util.Optional;
import java.util.Set;

/**
 * The attached disks that are block devices of this host.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public interface LocalDevices {
    /**
     * Makes an attached disk a block device, or goes on with the one that an agent before this one made. Does nothing if it is
     * one already.
     *
     * @return the device's path
     */
    String add(VdiId vdi);

    /**
     * Removes the device, after all that was written to it is in the disk. Does nothing if there is none.
     *
     * @throws SrException with {@link io.catena.api.SrError#VDI_IN_USE} if somebody still uses it after a while
     */
    void remove(VdiId vdi);

    /** Returns a path at which the disk is found whenever it is a block device; it does not change with the device. */
    String path(VdiId vdi);

    /** Returns the path of a disk's device, if it is one. */
    Optional<String> device(VdiId vdi);

    /** Gives the device the size that the disk has now. Does nothing if there is no device. */
    void resized(VdiId vdi);

    /** Removes what agents before this one left, but for the devices of {@code wanted}. */
    void removeLeftovers(Set<VdiId> wanted);
}
