package io.catena.stream;

import io.catena.api.DiskRange;
import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import io.catena.qcow2.Qcow2Layout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A disk as a qcow2 image: all of it, or with a backing file what changed since that. The files' map of what they hold is asked
 * twice, once for where everything will stand and once for the data, so the data is read once.
 */
public final class Qcow2Stream implements ContentStream {
    private static final int CLUSTER_BYTES = Qcow2Layout.CLUSTER_BYTES;
    private static final int PIECE_CLUSTERS = 16;

    private final BlockDevice disk;
    private final BitSet data = new BitSet();
    private final Qcow2Layout layout;

    /**
     * @param backingFile its name; null for all of the disk
     * @param changed the parts to be in it
     */
    public Qcow2Stream(BlockDevice disk, @Nullable String backingFile, List<DiskRange> changed) throws IOException {
        this.disk = disk;
        BitSet zero = new BitSet();
        for (DiskRange range : changed) {
            findData(range);
            if (backingFile != null) {
                zero.set(cluster(range.offset()), cluster(range.end() - 1) + 1);
            }
        }
        zero.andNot(data);
        layout = new Qcow2Layout(disk.sizeBytes(), data, zero, backingFile);
    }

    private static int cluster(long offset) {
        return (int) (offset / CLUSTER_BYTES);
    }

    /** A cluster that holds something is written whole, so what lies beside the range counts, too. */
    private void findData(DiskRange range) throws IOException {
        long offset = (long) cluster(range.offset()) * CLUSTER_BYTES;
        long end = Math.min(disk.sizeBytes(), (cluster(range.end() - 1) + 1L) * CLUSTER_BYTES);
        while (offset < end) {
            Extent extent = disk.extent(offset, end - offset);
            if (extent.allocated()) {
                data.set(cluster(offset), cluster(offset + extent.lengthBytes() - 1) + 1);
            }
            offset += extent.lengthBytes();
        }
    }

    @Override
    public long lengthBytes() {
        return layout.lengthBytes();
    }

    @Override
    public void writeTo(WritableByteChannel target, long from) throws IOException {
        for (long cluster = from / CLUSTER_BYTES; cluster * CLUSTER_BYTES < layout.metadataBytes(); cluster++) {
            ByteBuffer bytes = layout.metadata(cluster);
            bytes.position((int) Math.max(0, from - cluster * CLUSTER_BYTES));
            ContentStream.writeFully(target, bytes);
        }
        writeData(target, Math.max(0, from - layout.metadataBytes()));
    }

    /**
     * @param skip how many bytes of the data are not wanted
     */
    private void writeData(WritableByteChannel target, long skip) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_CLUSTERS * CLUSTER_BYTES);
        int next = data.nextSetBit(0);
        while (skip >= CLUSTER_BYTES && next >= 0) {
            next = data.nextSetBit(next + 1);
            skip -= CLUSTER_BYTES;
        }
        while (next >= 0) {
            int end = Math.min(data.nextClearBit(next), next + PIECE_CLUSTERS);
            read(next, end, piece);
            ContentStream.writeFully(target, piece.position((int) skip));
            skip = 0;
            next = data.nextSetBit(end);
        }
    }

    private void read(int from, int to, ByteBuffer piece) throws IOException {
        long offset = (long) from * CLUSTER_BYTES;
        int length = (to - from) * CLUSTER_BYTES;
        disk.read(offset, piece.clear().limit((int) Math.min(length, disk.sizeBytes() - offset)));
        piece.limit(length);
        while (piece.hasRemaining()) {
            piece.put((byte) 0);
        }
        piece.flip();
    }
}
