package io.catena.format;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;

/**
 * The header of blktap's batmap: a bit per block, set if all sectors of the block are present, so that its bitmap need
 * not be read. A clear bit says nothing.
 *
 * <p>Source: blktap, {@code include/libvhd.h}, restated. Integers are unsigned and big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie         "tdbatmap"
 *      8     8  batmap offset  bytes
 *     16     4  batmap size    sectors
 *     20     4  version        0x00010002
 *     24     4  checksum       ones' complement of the sum of the map's bytes
 *     28     1  marker         the toolstack's
 *     29    65  key hash       present flag, nonce, hash
 *     94   418  reserved       zero
 * </pre>
 *
 * @param offset where the map stands, in bytes
 * @param sectors size of the map
 * @param rest marker and all that follows, kept as it is
 */
public record Batmap(long offset, int sectors, int version, int checksum, ByteBuffer rest) {
    /** Size of the encoded header, in bytes. */
    public static final int SIZE = 512;

    public static final int VERSION_1_2 = 0x0001_0002;

    private static final long COOKIE = 0x74646261746d6170L; // "tdbatmap"
    private static final int REST_OFFSET = 28;

    public Batmap {
        rest = rest.duplicate();
    }

    /** Returns the header of a new map that stands behind its header. */
    public static Batmap of(long headerOffset, long mapBytes, int checksum) {
        return new Batmap(
                headerOffset + SIZE,
                (int) (mapBytes / 512),
                VERSION_1_2,
                checksum,
                ByteBuffer.allocate(SIZE - REST_OFFSET));
    }

    /** Whether {@code bytes} begin like a batmap header. */
    public static boolean isBatmap(ByteBuffer bytes) {
        return bytes.slice().order(BIG_ENDIAN).getLong() == COOKIE;
    }

    /** Decodes the header that starts at {@code bytes}' position and has the cookie. */
    public static Batmap decode(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice(bytes.position(), SIZE).order(BIG_ENDIAN);
        in.getLong(); // cookie
        long offset = in.getLong();
        int sectors = in.getInt();
        int version = in.getInt();
        int checksum = in.getInt();
        ByteBuffer rest = ByteBuffer.allocate(SIZE - REST_OFFSET).put(in).flip();
        return new Batmap(offset, sectors, version, checksum, rest);
    }

    /** Returns the header of this map at another place, marker and key hash kept. */
    public Batmap movedTo(long headerOffset, long mapBytes, int newChecksum) {
        return new Batmap(headerOffset + SIZE, (int) (mapBytes / 512), VERSION_1_2, newChecksum, rest);
    }

    /** Returns this header with another checksum, at the present version. */
    public Batmap withChecksum(int newChecksum) {
        return new Batmap(offset, sectors, VERSION_1_2, newChecksum, rest);
    }

    /** Size of the map, in bytes. */
    public long mapBytes() {
        return Integer.toUnsignedLong(sectors) * SparseLayout.SECTOR;
    }

    /** Returns the toolstack's marker, 0 to 255. */
    public int marker() {
        return Byte.toUnsignedInt(rest.get(0));
    }

    /** Returns this header with another marker. */
    public Batmap withMarker(int marker) {
        ByteBuffer changed =
                ByteBuffer.allocate(SIZE - REST_OFFSET).put(rest.duplicate().rewind());
        return new Batmap(
                offset,
                sectors,
                version,
                checksum,
                changed.put(0, (byte) marker).rewind());
    }

    /** Returns a new buffer of {@link #SIZE} bytes, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(SIZE).order(BIG_ENDIAN);
        out.putLong(COOKIE)
                .putLong(offset)
                .putInt(sectors)
                .putInt(version)
                .putInt(checksum)
                .put(rest.duplicate().rewind());
        return out.rewind();
    }

    /** Number of bytes of the map that blktap's checksum covers, for a disk of {@code sizeBytes}. */
    public static int checkedBytes(long sizeBytes) {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(512, SparseLayout.roundUp(sizeBytes >> 24, 512)));
    }

    /** Returns the checksum of the first {@code length} bytes of {@code map}. */
    public static int checksum(ByteBuffer map, int length) {
        return Checksums.onesComplement(map.slice(0, Math.min(length, map.capacity())), Integer.MAX_VALUE - 4);
    }
}
