package io.catena.tool;

import io.catena.format.Batmap;
import io.catena.format.SparseLayout;
import io.catena.op.OfflineAccess;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.VhdHeaders;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Sets what toolstacks note down in a VHD file. */
public final class VhdSet {
    private VhdSet() {}

    /**
     * Marks a disk as a base copy, or as none. Durable when this returns.
     *
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     */
    public static void hidden(Storage storage, String name, boolean hidden) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            ChainFile.vhd(storage, name);
            HiddenFlag.set(storage, name, hidden);
        }
    }

    /**
     * Sets the marker in the batmap's header. Durable when this returns.
     *
     * @param marker 0 to 255
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws IOException also if the disk has no batmap
     */
    public static void marker(Storage storage, String name, int marker) throws IOException {
        if (marker < 0 || marker > 255) {
            throw new IOException("a marker is a number from 0 to 255, not " + marker);
        }
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            long offset = batmapOffset(storage, name);
            ByteBuffer sector = ByteBuffer.allocate(Batmap.SIZE);
            try (BlockFile file = storage.open(name)) {
                file.read(offset, sector);
                if (sector.hasRemaining() || !Batmap.isBatmap(sector.flip())) {
                    throw new IOException(name + ": has no batmap at byte " + offset + " that could hold a marker");
                }
                file.write(offset, Batmap.decode(sector).withMarker(marker).encode());
                file.sync();
            }
        }
    }

    private static long batmapOffset(Storage storage, String name) throws IOException {
        VhdHeaders headers = ChainFile.vhd(storage, name).headers();
        if (headers == null
                || headers.header() == null
                || !headers.footer().creator().mayHaveBatmap()) {
            throw new IOException(name + ": is a disk without a batmap, and cannot hold a marker");
        }
        return SparseLayout.of(headers.footer(), headers.header()).tableEnd();
    }
}
