package io.catena.agent.nbd.context;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;

/** Tells data from holes, which read as zeros. */
record Allocation(BlockDevice device) implements MetaContext {
    @Override
    public String name() {
        return NbdProtocol.BASE_ALLOCATION;
    }

    @Override
    public Status status(long offset, long lengthBytes) throws IOException {
        Extent extent = device.extent(offset, lengthBytes);
        return new Status(
                extent.lengthBytes(), extent.allocated() ? 0 : NbdProtocol.STATE_HOLE | NbdProtocol.STATE_ZERO);
    }
}
