package io.catena.agent.follow.keep;

import io.catena.disk.BlockDevice;
import java.io.Closeable;

/**
 * A disk that another host serves. A request that throws {@link HolderLostException} may have been done, or not, or may still be
 * done until the disk is closed and opened anew.
 */
public interface ServedDisk extends BlockDevice, Closeable {
    @Override
    void close();
}
