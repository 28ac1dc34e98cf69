package io.catena.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads an image from its beginning to its end. Nothing in it is believed: what points out of it, or is no cluster, is an error.
 * Holds one L1 cluster, one L2 table and one cluster of data at a time.
 *
 * <p>Without snapshots each part of an image belongs to one place of the disk. Tables that name more than the image holds use
 * parts of it again and again, so that a small image would fill a large disk: they are refused.
 *
 * <p>Source: QEMU, <i>docs/interop/qcow2.rst</i>, "Cluster mapping" and "Compressed Clusters Descriptor".
 *
 * <p><b>Threads.</b> For use by one thread.
 */
public final class Qcow2Image {
    private static final long OFFSET = 0x00FF_FFFF_FFFF_FE00L;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final int SECTOR = 512;

    private final Source source;
    private final Qcow2Header header;
    private final int clusterBytes;
    private final ByteBuffer l1;
    private final ByteBuffer l2;
    private final ByteBuffer cluster;

    /** How many bytes the entries seen so far name. */
    private long namedBytes;

    /** The bytes of an image. */
    public interface Source {
        long sizeBytes() throws IOException;

        /** Fills {@code target}, which lies within the size. */
        void read(long offset, ByteBuffer target) throws IOException;
    }

    /** Hears what the disk holds. */
    @FunctionalInterface
    public interface Sink {
        /** Takes bytes that may not be zero, ascending; whatever is not told of is zero. */
        void take(long offset, ByteBuffer bytes) throws IOException;
    }

    public Qcow2Image(Source source, Qcow2Header header) {
        this.source = source;
        this.header = header;
        clusterBytes = header.clusterBytes();
        l1 = ByteBuffer.allocate(clusterBytes);
        l2 = ByteBuffer.allocate(clusterBytes);
        cluster = ByteBuffer.allocateDirect(clusterBytes);
    }

    /**
     * Reads all of the disk.
     *
     * @throws BadQcow2Exception if the image is damaged
     */
    public void readAll(Sink sink) throws IOException {
        int entries = clusterBytes / Long.BYTES;
        long part = header.bytesOfL1Entry();
        for (long index = 0; index * part < header.sizeBytes(); index++) {
            if (index % entries == 0) {
                readL1(index);
            }
            long offset = l1.getLong((int) (index % entries) * Long.BYTES) & OFFSET;
            if (offset != 0) {
                name(clusterBytes);
                read("L2 table", offset, l2.clear());
                readPart(index * part, sink);
            }
        }
    }

    /** The table may end before its last cluster does. */
    private void readL1(long index) throws IOException {
        long from = header.l1Offset() + index * Long.BYTES;
        long rest = (Integer.toUnsignedLong(header.l1Entries()) - index) * Long.BYTES;
        l1.clear().limit((int) Math.min(clusterBytes, rest));
        read("L1 table", from, l1);
    }

    private void readPart(long start, Sink sink) throws IOException {
        for (int i = 0; i < clusterBytes / Long.BYTES; i++) {
            long offset = start + (long) i * clusterBytes;
            if (offset >= header.sizeBytes()) {
                return;
            }
            if (readCluster(l2.getLong(i * Long.BYTES))) {
                cluster.position(0).limit((int) Math.min(clusterBytes, header.sizeBytes() - offset));
                sink.take(offset, cluster);
            }
        }
    }

    /** Returns whether there is anything. */
    private boolean readCluster(long entry) throws IOException {
        if ((entry & COMPRESSED) != 0) {
            inflate(entry);
            return true;
        }
        boolean zero = header.version() > 2 && (entry & ZERO) != 0;
        if (zero || (entry & OFFSET) == 0) {
            return false;
        }
        name(clusterBytes);
        read("data", entry & OFFSET, cluster.clear());
        return true;
    }

    /** The last cluster may be cut off. */
    private void name(long bytes) throws IOException {
        namedBytes += bytes;
        long size = source.sizeBytes();
        if (namedBytes > size + clusterBytes) {
            throw new BadQcow2Exception("its tables name more than the " + size + " bytes that it has: parts of it are"
                    + " used more than once");
        }
    }

    /** The last cluster of data may be cut off where only zeros follow. */
    private void read(String what, long offset, ByteBuffer target) throws IOException {
        long size = source.sizeBytes();
        boolean begins =
                offset > 0 && offset < size && offset % (what.equals("L1 table") ? Long.BYTES : clusterBytes) == 0;
        int length = target.remaining();
        if (!begins || (size - offset < length && !what.equals("data"))) {
            throw new BadQcow2Exception("its " + what + " of " + length + " bytes would stand at byte "
                    + Long.toUnsignedString(offset) + " of " + size);
        }
        int start = target.position();
        source.read(offset, target.limit(start + (int) Math.min(length, size - offset)));
        target.limit(start + length);
        while (target.hasRemaining()) {
            target.put((byte) 0);
        }
    }

    /** The length of what is compressed is only known in sectors; it ends by itself. */
    private void inflate(long entry) throws IOException {
        int lengthBit = 62 - (header.clusterBits() - 8);
        long offset = entry & (1L << lengthBit) - 1;
        long sectors = ((entry & ~(3L << 62)) >>> lengthBit) + 1;
        long length = Math.min(sectors * SECTOR - offset % SECTOR, source.sizeBytes() - offset);
        if (offset <= 0 || length <= 0) {
            throw new BadQcow2Exception(
                    "its compressed data would stand at byte " + offset + " of " + source.sizeBytes());
        }
        ByteBuffer packed = ByteBuffer.allocate((int) length);
        source.read(offset, packed);
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed.flip());
            cluster.clear();
            while (cluster.hasRemaining() && inflater.inflate(cluster) > 0) {
                // Goes on until it is full.
            }
            name(inflater.getBytesRead());
            if (cluster.hasRemaining()) {
                throw new BadQcow2Exception("its compressed data at byte " + offset + " are only " + cluster.position()
                        + " bytes, expected " + clusterBytes);
            }
        } catch (DataFormatException e) {
            throw new BadQcow2Exception("its compressed data at byte " + offset + " are damaged");
        } finally {
            inflater.end();
        }
    }
}
