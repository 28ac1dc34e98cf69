package io.catena.agent.cluster;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import io.catena.disk.ForwardingDevice;
import io.catena.lease.Ownership;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk that is served while this host has its SR for certain: asked before each request, and again before it is answered,
 * since a thread or the network may have stood still in between. Requests wait while it is not certain, and fail when
 * another host has taken over.
 *
 * <p>A request that failed because this host was cut off is done again when it turns out that nothing was lost.
 */
final class GuardedDisk extends ForwardingDevice {
    private final BlockDevice disk;
    private final Ownership ownership;

    GuardedDisk(BlockDevice disk, Ownership ownership) {
        super(disk);
        this.disk = disk;
        this.ownership = ownership;
    }

    /** A request, which can be done again. */
    private interface Request<T> {
        T execute() throws IOException;
    }

    private <T> T guarded(Request<T> request) throws IOException {
        while (true) {
            ownership.await();
            try {
                T answer = request.execute();
                ownership.await();
                return answer;
            } catch (IOException e) {
                if (ownership.isValid() || ownership.lossReason().isPresent()) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        guarded(() -> {
            disk.read(offset, target.duplicate());
            return offset;
        });
        target.position(target.limit());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        guarded(() -> {
            disk.write(offset, source.duplicate());
            return offset;
        });
        source.position(source.limit());
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        guarded(() -> {
            disk.discard(offset, lengthBytes);
            return offset;
        });
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        guarded(() -> {
            disk.writeZeroes(offset, lengthBytes, mayDeallocate);
            return offset;
        });
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return guarded(() -> disk.extent(offset, maxBytes));
    }

    @Override
    public void flush() throws IOException {
        guarded(() -> {
            disk.flush();
            return disk;
        });
    }
}
