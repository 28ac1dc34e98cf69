package io.catena.format;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.charset.StandardCharsets.UTF_16BE;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The header of a dynamic or differencing disk.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, "Dynamic Disk Header Format"; that a
 * parent id of zero in a differencing disk means a raw parent is blktap's. Integers are unsigned and big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie             "cxsparse"
 *      8     8  data offset        all ones
 *     16     8  table offset       where the BAT stands, in bytes
 *     24     4  header version     0x00010000
 *     28     4  max table entries  at least the disk's size in blocks
 *     32     4  block size         bytes, a power of two
 *     36     4  checksum           ones' complement of the sum of all other bytes
 *     40    16  parent unique id
 *     56     4  parent time stamp  seconds since 2000-01-01T00:00:00Z
 *     60     4  reserved           zero
 *     64   512  parent name        UTF-16BE, padded with zeros
 *    576  8*24  parent locators
 *    768   256  reserved           zero
 * </pre>
 *
 * @param tableOffset where the BAT stands, in bytes
 * @param maxEntries number of entries that the BAT has room for
 * @param blockSize bytes of data in a block
 * @param parentId unique id in the parent's footer; {@link #NO_ID} for a raw parent, or none
 * @param locators always eight
 */
public record DynamicHeader(
        long tableOffset,
        int maxEntries,
        int blockSize,
        UUID parentId,
        int parentTimestamp,
        String parentName,
        List<ParentLocator> locators) {
    /** Size of the encoded header, in bytes. */
    public static final int SIZE = 1024;

    public static final int LOCATORS = 8;

    /** The block size that everybody writes, in bytes. */
    public static final int DEFAULT_BLOCK_SIZE = 2 << 20;

    public static final UUID NO_ID = new UUID(0, 0);

    private static final long COOKIE = 0x6378737061727365L; // "cxsparse"
    private static final int VERSION_1 = 0x0001_0000;
    private static final int CHECKSUM_OFFSET = 36;
    private static final int NAME_BYTES = 512;
    private static final int MIN_BLOCK_SIZE = 4096;
    private static final int MAX_BLOCK_SIZE = 256 << 20;

    public DynamicHeader {
        locators = List.copyOf(locators);
        if (locators.size() != LOCATORS) {
            throw new IllegalArgumentException(locators.size() + " locators");
        }
    }

    /** Returns the header of a disk without parent. */
    public static DynamicHeader dynamic(long tableOffset, int maxEntries, int blockSize) {
        return new DynamicHeader(
                tableOffset, maxEntries, blockSize, NO_ID, 0, "", Collections.nCopies(LOCATORS, ParentLocator.EMPTY));
    }

    /** Returns this header with a longer BAT, and with locators that stand elsewhere. */
    public DynamicHeader withTable(int newMaxEntries, List<ParentLocator> newLocators) {
        return new DynamicHeader(
                tableOffset, newMaxEntries, blockSize, parentId, parentTimestamp, parentName, newLocators);
    }

    /** Returns this header with another parent. */
    public DynamicHeader withParent(
            UUID newParentId, int newParentTimestamp, String newParentName, List<ParentLocator> newLocators) {
        return new DynamicHeader(
                tableOffset, maxEntries, blockSize, newParentId, newParentTimestamp, newParentName, newLocators);
    }

    /**
     * Decodes the header that starts at {@code bytes}' position; the position is left alone.
     *
     * @param file name for error messages
     * @param offset where in the file the bytes were read, for error messages
     * @throws CorruptVhdException if a field has a value that makes the disk unreadable; no bytes make this method throw
     *     anything else
     */
    public static DynamicHeader decode(ByteBuffer bytes, String file, long offset) throws CorruptVhdException {
        ByteBuffer in = bytes.slice(bytes.position(), SIZE).order(BIG_ENDIAN);
        int computed = Checksums.onesComplement(in, CHECKSUM_OFFSET);

        long cookie = in.getLong();
        if (cookie != COOKIE) {
            throw new CorruptVhdException(
                    file, offset, "dynamic header cookie is 0x" + Long.toHexString(cookie) + ", not \"cxsparse\"");
        }
        in.getLong(); // data offset: all ones; old qemu wrote 0xffffffff
        long tableOffset = in.getLong();
        int version = in.getInt();
        int maxEntries = in.getInt();
        int blockSize = in.getInt();
        int checksum = in.getInt();
        if (checksum != computed) {
            throw new CorruptVhdException(
                    file,
                    offset + CHECKSUM_OFFSET,
                    "dynamic header checksum is 0x" + Integer.toHexString(checksum) + ", computed 0x"
                            + Integer.toHexString(computed));
        }
        if (version != VERSION_1) {
            throw new CorruptVhdException(
                    file, offset + 24, "dynamic header version is 0x" + Integer.toHexString(version) + ", not 1.0");
        }
        if (tableOffset <= 0 || tableOffset % 512 != 0) {
            throw new CorruptVhdException(
                    file, offset + 16, "BAT offset is " + Long.toUnsignedString(tableOffset) + ", not a sector's");
        }
        if (maxEntries < 0) {
            throw new CorruptVhdException(
                    file, offset + 28, "BAT has " + Integer.toUnsignedString(maxEntries) + " entries, at most 2^31-1");
        }
        if (Integer.bitCount(blockSize) != 1 || blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE) {
            throw new CorruptVhdException(
                    file,
                    offset + 32,
                    "block size is " + Integer.toUnsignedString(blockSize)
                            + ", not a power of two from 4 KiB to 256 MiB");
        }
        UUID parentId = new UUID(in.getLong(), in.getLong());
        int parentTimestamp = in.getInt();
        in.getInt(); // reserved
        String parentName = decodeName(in);
        List<ParentLocator> locators = new ArrayList<>();
        for (int i = 0; i < LOCATORS; i++) {
            locators.add(ParentLocator.decode(in));
        }
        return new DynamicHeader(tableOffset, maxEntries, blockSize, parentId, parentTimestamp, parentName, locators);
    }

    /** Returns a new buffer of {@link #SIZE} bytes, ready to be written, its checksum filled in. */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(SIZE).order(BIG_ENDIAN);
        out.putLong(COOKIE);
        out.putLong(-1);
        out.putLong(tableOffset);
        out.putInt(VERSION_1);
        out.putInt(maxEntries);
        out.putInt(blockSize);
        out.putInt(0); // checksum, below
        out.putLong(parentId.getMostSignificantBits());
        out.putLong(parentId.getLeastSignificantBits());
        out.putInt(parentTimestamp);
        out.putInt(0); // reserved
        byte[] name = parentName.getBytes(UTF_16BE);
        out.put(name, 0, Math.min(name.length, NAME_BYTES));
        out.position(64 + NAME_BYTES);
        locators.forEach(locator -> locator.encode(out));
        out.rewind();
        return out.putInt(CHECKSUM_OFFSET, Checksums.onesComplement(out, CHECKSUM_OFFSET));
    }

    private static String decodeName(ByteBuffer in) {
        byte[] bytes = new byte[NAME_BYTES];
        in.get(bytes);
        Optional<String> sound = ParentName.decode(ByteBuffer.wrap(bytes));
        if (sound.isPresent()) {
            return sound.get();
        }
        String name = new String(bytes, UTF_16BE);
        int end = name.indexOf('\0');
        return end < 0 ? name : name.substring(0, end);
    }
}
