package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * How an attached VDI is reached.
 *
 * @param uri an NBD URI, for instance {@code nbd+unix:///EXPORT?socket=PATH}
 * @param device the block device of this host that it is as well, for instance {@code /dev/loop0}; null if it is none
 */
public record Export(
        VdiId vdi, AccessMode mode, String uri, @Nullable String device) {
    /** A VDI that is no block device. */
    public Export(VdiId vdi, AccessMode mode, String uri) {
        this(vdi, mode, uri, null);
    }

    /** Returns this, reached in another way as well. */
    public Export with(Endpoint endpoint) {
        if (endpoint instanceof Endpoint.BlockDevice block) {
            return new Export(vdi, mode, uri, block.path());
        }
        return new Export(vdi, mode, ((Endpoint.Nbd) endpoint).uri(), device);
    }

    /** Returns the same place in another mode. */
    public Export as(AccessMode other) {
        return new Export(vdi, other, uri, device);
    }
}
