package io.catena.qcow2;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Where everything stands in an image whose content is known beforehand, in clusters of 64 KiB:
 *
 * <pre>
 *   header; refcount table; refcount blocks; L1 table; L2 tables, those that have entries; data, ascending
 * </pre>
 *
 * <p>All clusters of the image are in use once. Source: QEMU, <i>docs/interop/qcow2.rst</i>, "Host cluster management" and
 * "Cluster mapping".
 *
 * <p><b>Threads.</b> For use by one thread.
 */
public final class Qcow2Layout {
    public static final int CLUSTER_BYTES = 1 << Qcow2Header.OWN_CLUSTER_BITS;

    private static final int ENTRIES = CLUSTER_BYTES / Long.BYTES;
    private static final int REFCOUNTS = CLUSTER_BYTES / Short.BYTES;
    private static final int NONE = -1;

    /** Nobody else uses the cluster, so it may be written in place. */
    private static final long COPIED = 1L << 63;

    private static final long ZERO = 1;

    private final long sizeBytes;
    private final BitSet data;
    private final BitSet zero;
    private final @Nullable String backingFile;

    /** The parts of the disk, of 512 MiB each, that have an L2 table. */
    private final int[] tables;

    /** How many clusters of data stand before those of each L2 table. */
    private final long[] dataBefore;

    private final int l1Clusters;
    private final long refcountBlocks;
    private final int refcountTableClusters;
    private final long dataClusters;

    /** The last L2 table that was asked for. */
    private @Nullable ByteBuffer lastTable;

    private int lastTableIndex = NONE;

    /**
     * @param sizeBytes of the disk, a multiple of 512
     * @param data the clusters of the disk that the image holds
     * @param zero those that are zero whatever the backing file holds
     * @param backingFile see {@link Qcow2Header#encode}
     */
    public Qcow2Layout(long sizeBytes, BitSet data, BitSet zero, @Nullable String backingFile) {
        this.sizeBytes = sizeBytes;
        this.data = data;
        this.zero = zero;
        this.backingFile = backingFile;
        int l1Entries = l1Entries();
        tables = tables(l1Entries);
        dataBefore = new long[tables.length];
        long before = 0;
        for (int i = 0; i < tables.length; i++) {
            dataBefore[i] = before;
            before += data.get(tables[i] * ENTRIES, (tables[i] + 1) * ENTRIES).cardinality();
        }
        dataClusters = before;
        l1Clusters = clusters(l1Entries, ENTRIES);
        long others = 1 + l1Clusters + tables.length + dataClusters;
        long blocks = 0;
        int tableClusters = 0;
        while (blocks * REFCOUNTS < others + blocks + tableClusters) {
            blocks++;
            tableClusters = clusters(blocks, ENTRIES);
        }
        refcountBlocks = blocks;
        refcountTableClusters = tableClusters;
    }

    private int[] tables(int l1Entries) {
        int[] found = new int[l1Entries];
        int count = 0;
        for (int part = 0; part < l1Entries; part++) {
            if (hasOneIn(data, part) || hasOneIn(zero, part)) {
                found[count++] = part;
            }
        }
        return Arrays.copyOf(found, count);
    }

    private static boolean hasOneIn(BitSet set, int part) {
        int next = set.nextSetBit(part * ENTRIES);
        return next >= 0 && next < (part + 1) * ENTRIES;
    }

    private static int clusters(long entries, int inOne) {
        return (int) ((entries + inOne - 1) / inOne);
    }

    long sizeBytes() {
        return sizeBytes;
    }

    int l1Entries() {
        return (int) ((sizeBytes - 1) / ((long) CLUSTER_BYTES * ENTRIES) + 1);
    }

    int refcountTableClusters() {
        return refcountTableClusters;
    }

    long l1Offset() {
        return l1Start() * CLUSTER_BYTES;
    }

    private long blocksStart() {
        return 1 + (long) refcountTableClusters;
    }

    private long l1Start() {
        return blocksStart() + refcountBlocks;
    }

    private long l2Start() {
        return l1Start() + l1Clusters;
    }

    private long dataStart() {
        return l2Start() + tables.length;
    }

    /** Returns where the data begin, in bytes. */
    public long metadataBytes() {
        return dataStart() * CLUSTER_BYTES;
    }

    /** Returns the size of the image. */
    public long lengthBytes() {
        return (dataStart() + dataClusters) * CLUSTER_BYTES;
    }

    /** Returns a cluster that stands before the data, ready to be written. */
    public ByteBuffer metadata(long cluster) {
        if (cluster == 0) {
            return Qcow2Header.encode(this, backingFile);
        } else if (cluster < blocksStart()) {
            return pointers((cluster - 1) * ENTRIES, refcountBlocks, blocksStart(), 0);
        } else if (cluster < l1Start()) {
            return refcounts(cluster - blocksStart());
        } else if (cluster < l2Start()) {
            return l1((int) (cluster - l1Start()));
        }
        return l2((int) (cluster - l2Start()));
    }

    /** Returns entries from {@code first} on, of {@code count} that stand for clusters in a row from {@code start} on. */
    private static ByteBuffer pointers(long first, long count, long start, long flags) {
        ByteBuffer out = ByteBuffer.allocate(CLUSTER_BYTES);
        for (long i = first; i < count && out.hasRemaining(); i++) {
            out.putLong((start + i) * CLUSTER_BYTES | flags);
        }
        return out.clear();
    }

    private ByteBuffer refcounts(long block) {
        ByteBuffer out = ByteBuffer.allocate(CLUSTER_BYTES);
        long inUse = Math.min(REFCOUNTS, lengthBytes() / CLUSTER_BYTES - block * REFCOUNTS);
        for (long i = 0; i < inUse; i++) {
            out.putShort((short) 1);
        }
        return out.clear();
    }

    private ByteBuffer l1(int cluster) {
        ByteBuffer out = ByteBuffer.allocate(CLUSTER_BYTES);
        for (int i = 0; i < tables.length; i++) {
            if (tables[i] / ENTRIES == cluster) {
                out.putLong(tables[i] % ENTRIES * Long.BYTES, (l2Start() + i) * CLUSTER_BYTES | COPIED);
            }
        }
        return out;
    }

    private ByteBuffer l2(int index) {
        ByteBuffer last = lastTable;
        if (last == null || lastTableIndex != index) {
            last = makeL2(index);
            lastTable = last;
            lastTableIndex = index;
        }
        return last.duplicate();
    }

    private ByteBuffer makeL2(int index) {
        ByteBuffer out = ByteBuffer.allocate(CLUSTER_BYTES);
        long next = dataStart() + dataBefore[index];
        int first = tables[index] * ENTRIES;
        for (int i = 0; i < ENTRIES; i++) {
            if (data.get(first + i)) {
                out.putLong(i * Long.BYTES, next++ * CLUSTER_BYTES | COPIED);
            } else if (zero.get(first + i)) {
                out.putLong(i * Long.BYTES, ZERO);
            }
        }
        return out;
    }
}
