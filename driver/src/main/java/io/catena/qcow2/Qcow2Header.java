package io.catena.qcow2;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The header of an image, of version 2 or 3.
 *
 * <p>Source: QEMU, <i>docs/interop/qcow2.rst</i>, "Header" and "Header extensions". Integers are unsigned and big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     4  magic                  "QFI\xfb"
 *      4     4  version                2 or 3
 *      8     8  backing file offset    where the name of the backing file stands; 0 for none
 *     16     4  backing file size      length of that name, at most 1023 bytes
 *     20     4  cluster bits           9 to 21
 *     24     8  size                   of the disk, in bytes
 *     32     4  encryption             0 for none
 *     36     4  L1 entries
 *     40     8  L1 offset
 *     48     8  refcount table offset
 *     56     4  refcount table clusters
 *     60     4  snapshots
 *     64     8  snapshots offset
 *     of version 3:
 *     72     8  incompatible features
 *     80     8  compatible features
 *     88     8  autoclear features
 *     96     4  refcount order         a refcount has 2^order bits
 *    100     4  header length          104 or more
 * </pre>
 *
 * @param sizeBytes of the disk
 * @param features the incompatible ones
 */
public record Qcow2Header(
        int version,
        int clusterBits,
        long sizeBytes,
        int l1Entries,
        long l1Offset,
        boolean hasBackingFile,
        int encryption,
        long features) {
    /** How much of an image has to be read to decode the header. */
    public static final int SIZE = 104;

    /** The most bytes that the name of a backing file has. */
    public static final int MOST_NAME_BYTES = 1023;

    static final int OWN_CLUSTER_BITS = 16;

    private static final int MAGIC = 0x514649FB;
    private static final int BACKING_FORMAT = 0xE2792ACA;
    private static final int REFCOUNT_ORDER = 4;
    private static final int MIN_CLUSTER_BITS = 9;
    private static final int MAX_CLUSTER_BITS = 21;

    /** What QEMU takes at most. */
    private static final int MOST_L1_ENTRIES = (32 << 20) / Long.BYTES;

    private static final long DIRTY = 1;
    private static final int UNENCRYPTED = 0;

    /** Whether {@code bytes} begin like an image. */
    public static boolean isAt(ByteBuffer bytes) {
        return bytes.remaining() >= Integer.BYTES && bytes.getInt(bytes.position()) == MAGIC;
    }

    /**
     * Decodes what stands at the beginning of {@code bytes}, at least {@link #SIZE} of them.
     *
     * @throws BadQcow2Exception if it cannot be an image, or is one that is not supported
     */
    public static Qcow2Header decode(ByteBuffer bytes) throws BadQcow2Exception {
        if (bytes.remaining() < SIZE || !isAt(bytes)) {
            throw new BadQcow2Exception("it does not begin with the header of a qcow2 image");
        }
        ByteBuffer in = bytes.slice();
        int version = in.getInt(4);
        if (version != 2 && version != 3) {
            throw new BadQcow2Exception(
                    "it is of version " + Integer.toUnsignedString(version) + ", expected version 2 or 3");
        }
        Qcow2Header header = new Qcow2Header(
                version,
                in.getInt(20),
                in.getLong(24),
                in.getInt(36),
                in.getLong(40),
                in.getLong(8) != 0,
                in.getInt(32),
                version == 2 ? 0 : in.getLong(72));
        header.check();
        return header;
    }

    private void check() throws BadQcow2Exception {
        if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
            throw new BadQcow2Exception("its clusters have 2^" + Integer.toUnsignedString(clusterBits)
                    + " bytes, expected 2^" + MIN_CLUSTER_BITS + " to 2^" + MAX_CLUSTER_BITS);
        }
        if (hasBackingFile) {
            throw new BadQcow2Exception("it has a backing file, and holds only what differs from that");
        }
        if (encryption != UNENCRYPTED) {
            throw new BadQcow2Exception("it is encrypted, by method " + encryption);
        }
        if ((features & ~DIRTY) != 0) {
            throw new BadQcow2Exception("it has features that are not supported: bits 0x" + Long.toHexString(features)
                    + " (2: damaged, 4: external data file, 8: other compression, 10: extended L2 entries)");
        }
        if (sizeBytes <= 0) {
            throw new BadQcow2Exception("its disk has " + Long.toUnsignedString(sizeBytes) + " bytes");
        }
        long needed = (sizeBytes - 1) / bytesOfL1Entry() + 1;
        if (needed > MOST_L1_ENTRIES || Integer.toUnsignedLong(l1Entries) < needed) {
            throw new BadQcow2Exception("its L1 table has " + Integer.toUnsignedString(l1Entries)
                    + " entries; a disk of " + sizeBytes + " bytes needs " + needed + ", and at most "
                    + MOST_L1_ENTRIES + " are read");
        }
    }

    public int clusterBytes() {
        return 1 << clusterBits;
    }

    /** Returns how much of the disk an entry of the L1 table stands for. */
    long bytesOfL1Entry() {
        return (long) clusterBytes() * (clusterBytes() / Long.BYTES);
    }

    /**
     * Returns the first cluster of an image of ours, ready to be written.
     *
     * @param backingFile its name, at most {@link #MOST_NAME_BYTES}; it is a qcow2 image; null for none
     */
    static ByteBuffer encode(Qcow2Layout layout, @Nullable String backingFile) {
        ByteBuffer out = ByteBuffer.allocate(Qcow2Layout.CLUSTER_BYTES);
        out.putInt(MAGIC).putInt(3).putLong(0).putInt(0).putInt(OWN_CLUSTER_BITS);
        out.putLong(layout.sizeBytes()).putInt(UNENCRYPTED);
        out.putInt(layout.l1Entries()).putLong(layout.l1Offset());
        out.putLong(Qcow2Layout.CLUSTER_BYTES).putInt(layout.refcountTableClusters());
        out.putInt(0).putLong(0);
        out.putLong(0).putLong(0).putLong(0).putInt(REFCOUNT_ORDER).putInt(SIZE);
        if (backingFile != null) {
            putBackingFile(out, backingFile);
        }
        return out.clear();
    }

    /** The extensions end with one that is all zeros; behind them stands the name. */
    private static void putBackingFile(ByteBuffer out, String backingFile) {
        byte[] format = "qcow2".getBytes(StandardCharsets.US_ASCII);
        byte[] name = backingFile.getBytes(StandardCharsets.UTF_8);
        if (name.length > MOST_NAME_BYTES) {
            throw new IllegalArgumentException("the name of a backing file has " + name.length + " bytes");
        }
        out.putInt(BACKING_FORMAT).putInt(format.length).put(format);
        out.position(SIZE + 2 * Integer.BYTES + Long.BYTES + 2 * Integer.BYTES);
        out.putLong(8, out.position()).putInt(16, name.length).put(name);
    }
}
