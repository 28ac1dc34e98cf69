package io.catena.tool;

import io.catena.api.JobControl;
import io.catena.disk.BlockDevice;
import io.catena.format.Footer;
import io.catena.format.VhdTime;
import io.catena.op.OfflineAccess;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.FlatLayer;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.time.Clock;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Writes what a guest sees in a disk, through its chain, to a file of its own. Where there are zeros, it leaves holes; but where
 * files can share extents, it shares what is there, zeros included, and reads nothing.
 */
public final class VhdConvert {
    private static final int PIECE_BYTES = 2 << 20;

    /** How finely zeros are told from data: a page, which a file system can leave out. */
    private static final int UNIT_BYTES = 4096;

    private static final ByteBuffer ZEROS = ByteBuffer.allocate(UNIT_BYTES).asReadOnlyBuffer();

    private final Clock clock;
    private final Supplier<UUID> uuids;
    private final JobControl control;

    public VhdConvert(Clock clock, Supplier<UUID> uuids, JobControl control) {
        this.clock = clock;
        this.uuids = uuids;
        this.control = control;
    }

    /** What a disk can be converted to. */
    public enum Format {
        RAW,
        FIXED,
        DYNAMIC
    }

    /** Writes the disk's bytes to {@code out}, which stays open. */
    public void stream(OpenChain source, OutputStream out) throws IOException {
        BlockDevice disk = source.disk();
        control.addTotal(disk.sizeBytes());
        for (long offset = 0; offset < disk.sizeBytes(); offset += PIECE_BYTES) {
            control.checkCancelled();
            long length = Math.min(PIECE_BYTES, disk.sizeBytes() - offset);
            VhdRead.copy(source, offset, length, out);
            control.done(length);
        }
    }

    /**
     * Writes the disk to a new file. Durable when this returns; the file has its name only then.
     *
     * <ol>
     *   <li>Write under another name and sync.
     *   <li>Rename and sync the names: nobody takes half a disk for a whole one.
     * </ol>
     *
     * @return the disk's size in bytes
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws FileAlreadyExistsException if there is a file of this name
     */
    public long convert(OpenChain source, Storage storage, String name, Format format) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            return convertAlone(source, storage, name, format);
        }
    }

    private long convertAlone(OpenChain source, Storage storage, String name, Format format) throws IOException {
        if (storage.exists(name)) {
            throw new FileAlreadyExistsException(name);
        }
        long size = source.disk().sizeBytes();
        if (format != Format.RAW && size > Footer.MAX_DISK_BYTES) {
            throw new IOException(name + ": " + size + " bytes are more than a VHD can have, " + Footer.MAX_DISK_BYTES);
        }
        String part = name + ".part";
        storage.delete(part);
        try {
            make(storage, part, format, size);
            try (Layer target = open(storage, part, format, size)) {
                copy(source, target, new SharedPieces(source.nodes(), storage, part + ".probe"));
                target.flush();
            }
        } catch (IOException | RuntimeException e) {
            storage.delete(part);
            throw e;
        }
        storage.rename(part, name);
        storage.syncNames();
        return size;
    }

    private void make(Storage storage, String name, Format format, long size) throws IOException {
        VhdCreator creator = new VhdCreator(storage);
        int now = VhdTime.fromEpochSeconds(clock.instant().getEpochSecond());
        switch (format) {
            case FIXED -> creator.fixed(name, size, uuids.get(), now);
            case DYNAMIC -> creator.dynamic(name, size, uuids.get(), now);
            case RAW -> {
                try (BlockFile file = storage.create(name)) {
                    file.truncate(size);
                }
            }
        }
    }

    private static Layer open(Storage storage, String name, Format format, long size) throws IOException {
        return format == Format.RAW
                ? new FlatLayer(storage.open(name), size)
                : ChainFile.vhd(storage, name).openWritable(storage, null);
    }

    private void copy(OpenChain source, Layer target, SharedPieces sharing) throws IOException {
        BlockDevice disk = source.disk();
        control.addTotal(disk.sizeBytes());
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES + UNIT_BYTES).alignedSlice(UNIT_BYTES);
        for (long offset = 0; offset < disk.sizeBytes(); ) {
            control.checkCancelled();
            VhdMap.Extent extent = VhdMap.at(source.nodes(), offset, disk.sizeBytes() - offset);
            long length = extent.length();
            if (extent.kind() != VhdMap.Kind.HOLE) {
                length = Math.min(length, PIECE_BYTES - offset % PIECE_BYTES);
            }
            if (extent.kind() != VhdMap.Kind.HOLE && !sharing.take(extent, length, target)) {
                piece.clear().limit((int) length);
                disk.read(offset, piece);
                writeData(piece.flip(), offset, target);
            }
            control.done(length);
            offset += length;
        }
    }

    private static void writeData(ByteBuffer piece, long offset, Layer target) throws IOException {
        int start = 0;
        while (start < piece.limit()) {
            int end = runEnd(piece, start);
            if (!isZero(piece, start)) {
                target.write(offset + start, piece.slice(start, end - start));
            }
            start = end;
        }
    }

    /** Returns where the units end that are all zeros, or all not, from {@code start} on. */
    private static int runEnd(ByteBuffer piece, int start) {
        boolean zero = isZero(piece, start);
        int end = start;
        while (end < piece.limit() && isZero(piece, end) == zero) {
            end = Math.min(piece.limit(), end + UNIT_BYTES);
        }
        return end;
    }

    private static boolean isZero(ByteBuffer piece, int at) {
        int length = Math.min(UNIT_BYTES, piece.limit() - at);
        return piece.slice(at, length).equals(ZEROS.slice(0, length));
    }
}
