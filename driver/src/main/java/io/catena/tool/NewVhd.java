package io.catena.tool;

import io.catena.disk.ChainPath;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.VhdTime;
import io.catena.op.OfflineAccess;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.Closeable;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/** Makes new disks, empty ones and children of others. What exists is never touched. */
public final class NewVhd {
    private final Clock clock;
    private final Supplier<UUID> uuids;

    public NewVhd(Clock clock, Supplier<UUID> uuids) {
        this.clock = clock;
        this.uuids = uuids;
    }

    /**
     * Makes an empty disk, whose size is rounded up to whole blocks of 2 MiB. Durable when this returns.
     *
     * @return the disk's size in bytes
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     * @throws IOException also if the disk would be larger than {@link Footer#MAX_DISK_BYTES}
     */
    public long create(Storage storage, String name, long sizeBytes, NewDiskType type) throws IOException {
        checkSize(sizeBytes);
        long rounded = VhdCreator.roundedSize(sizeBytes);
        VhdCreator creator = new VhdCreator(storage);
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            switch (type) {
                case FIXED -> creator.fixed(name, rounded, uuids.get(), now());
                case DYNAMIC -> creator.dynamic(name, rounded, uuids.get(), now());
            }
            storage.syncNames();
        }
        return rounded;
    }

    /**
     * Makes an empty dynamic disk with room in its tables to grow. Durable when this returns.
     *
     * @param reserveBytes the size to which it can grow without anything being moved
     * @return the disk's size in bytes
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     * @throws IOException also if the disk would be larger than {@link Footer#MAX_DISK_BYTES}
     */
    public long create(Storage storage, String name, long sizeBytes, long reserveBytes) throws IOException {
        checkSize(sizeBytes);
        checkSize(reserveBytes);
        long rounded = VhdCreator.roundedSize(sizeBytes);
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            new VhdCreator(storage).dynamic(name, rounded, reserveBytes, uuids.get(), now());
            storage.syncNames();
        }
        return rounded;
    }

    /**
     * Makes a disk that begins with the content of another, which must not be written any more. Durable when this returns.
     *
     * @param parent any file that {@code storage} can name: a VHD, or a raw file if its name ends in ".raw"
     * @return the new disk's size in bytes, the parent's
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     * @throws IOException also if the parent's own chain cannot be read
     */
    public long snapshot(Storage storage, String name, String parent) throws IOException {
        return snapshot(storage, name, parent, 0);
    }

    /**
     * As {@link #snapshot(Storage, String, String)}, with room in the new disk's tables to grow.
     *
     * @param reserveBytes the size to which it can grow without anything being moved; less than the parent's is its own
     */
    public long snapshot(Storage storage, String name, String parent, long reserveBytes) throws IOException {
        checkSize(reserveBytes);
        List<ChainFile> chain = ChainPath.of(storage, ChainFile.read(storage, parent));
        ChainFile base = chain.get(0);
        checkSize(base.sizeBytes());
        UUID parentId = base.uniqueId().orElse(DynamicHeader.NO_ID);
        if (base.headers() != null && parentId.equals(DynamicHeader.NO_ID)) {
            throw new IOException(parent + ": has no unique id, by which a child could know it; repair it first");
        }
        // Whatever a guest writes there would change the new disk.
        OpenChain.checkIsNotWritten(storage, parent);
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            ParentLink link = ParentLink.of(storage, name, parent, parentId);
            new VhdCreator(storage).differencing(name, base.sizeBytes(), reserveBytes, uuids.get(), now(), link);
            storage.syncNames();
        }
        return base.sizeBytes();
    }

    private static void checkSize(long sizeBytes) throws IOException {
        if (sizeBytes < 0 || sizeBytes > Footer.MAX_DISK_BYTES) {
            throw new IOException("a size of " + sizeBytes + " bytes is not possible, a VHD has at most "
                    + Footer.MAX_DISK_BYTES + " (2040 GiB)");
        }
    }

    private int now() {
        return VhdTime.fromEpochSeconds(clock.instant().getEpochSecond());
    }
}
