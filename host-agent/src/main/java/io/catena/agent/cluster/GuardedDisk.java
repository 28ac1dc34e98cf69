package io.catena.agent.cluster;

import io.catena.disk.BlockDevice;
import io.catena.disk.EnclosingDevice;
import io.catena.lease.Ownership;
import java.io.IOException;

/**
 * A disk that is served while this host has its SR for certain: asked before each request, and again before it is answered,
 * since a thread or the network may have stood still in between. Requests wait while it is not certain, and fail when
 * another host has taken over.
 *
 * <p>A request that failed because this host was cut off is done again when it turns out that nothing was lost.
 */
final class GuardedDisk extends EnclosingDevice {
    private final Ownership ownership;

    GuardedDisk(BlockDevice disk, Ownership ownership) {
        super(disk);
        this.ownership = ownership;
    }

    @Override
    protected <T> T enclose(Request<T> request) throws IOException {
        while (true) {
            ownership.await();
            try {
                T answer = request.make();
                ownership.await();
                return answer;
            } catch (IOException e) {
                if (ownership.isValid() || ownership.lossReason().isPresent()) {
                    throw e;
                }
            }
        }
    }
}
