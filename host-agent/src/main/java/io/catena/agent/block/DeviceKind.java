package io.catena.agent.block;

import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A way to make block devices of disks.
 *
 * <p>A device is found again, by this agent or the next, by its file: a path in the run directory that names the disk. Only some
 * kinds have something there.
 *
 * <p><b>Threads.</b> Safe for use by many threads, one a file at a time.
 */
interface DeviceKind {
    /** Returns the files of the devices that agents before this one left in a directory. */
    List<Path> left(Path directory) throws IOException;

    /** Returns the devices that are, or were, made of a file. */
    List<Path> devices(Path file) throws IOException;

    /** Goes on with what an agent before this one left, if that is whole, or makes the device anew. */
    DeviceExport open(Path file, VdiId vdi, BlockDevice disk) throws IOException;

    /** Removes what is left of a device that nobody serves. Who still uses it gets errors, as from a disk that was pulled out. */
    void clear(Path file) throws IOException;
}
