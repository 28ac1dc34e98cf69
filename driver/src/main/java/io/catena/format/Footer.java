package io.catena.format;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;

/**
 * The hard disk footer: the last sector of every VHD file, copied to the first sector of a dynamic or differencing
 * disk.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, "Hard Disk Footer Format"; the hidden
 * flag is tapdisk's (blktap, {@code include/vhd.h}). Integers are unsigned and big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie               "conectix"
 *      8     4  features             bit 1 is always set
 *     12     4  file format version  0x00010000
 *     16     8  data offset          bytes to the dynamic header; all ones in a fixed disk
 *     24     4  time stamp           seconds since 2000-01-01T00:00:00Z
 *     28     4  creator application
 *     32     4  creator version
 *     36     4  creator host OS
 *     40     8  original size        bytes
 *     48     8  current size         bytes
 *     56     4  disk geometry        cylinders (2), heads (1), sectors per track (1)
 *     60     4  disk type            2 fixed, 3 dynamic, 4 differencing
 *     64     4  checksum             ones' complement of the sum of all other bytes
 *     68    16  unique id
 *     84     1  saved state
 *     85     1  hidden               1 for a base copy that no VDI shows
 *     86   426  reserved             zero
 * </pre>
 *
 * @param temporary whether the disk may be deleted when the machine stops
 * @param dataOffset bytes from the start of the file to the dynamic header, or {@link #NO_DYNAMIC_HEADER}
 * @param timestamp seconds since 2000-01-01T00:00:00Z
 * @param currentSize size of the virtual disk, in bytes
 * @param geometry cylinders, heads and sectors per track, packed as on disk
 * @param hidden whether the disk is a base copy that no VDI shows
 */
public record Footer(
        boolean temporary,
        long dataOffset,
        int timestamp,
        Creator creator,
        long originalSize,
        long currentSize,
        int geometry,
        DiskType type,
        UUID uniqueId,
        boolean savedState,
        boolean hidden) {

    /** Size of the encoded footer, in bytes. */
    public static final int SIZE = 512;

    /** The data offset of a fixed disk. */
    public static final long NO_DYNAMIC_HEADER = -1;

    /** The largest disk that all readers of the format handle: 2040 GiB. */
    public static final long MAX_DISK_BYTES = 2040L << 30;

    private static final long COOKIE = 0x636f6e6563746978L; // "conectix"
    private static final long POISON = 0x765f706f69736f6eL; // "v_poison"
    private static final int TEMPORARY = 0x1;
    private static final int RESERVED_FEATURE = 0x2;
    private static final int VERSION_1 = 0x0001_0000;
    private static final int CHECKSUM_OFFSET = 64;
    private static final int HIDDEN_OFFSET = 85;

    public Footer {
        Objects.requireNonNull(creator, "creator");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(uniqueId, "uniqueId");
        if (currentSize < 0) {
            throw new IllegalArgumentException("negative currentSize: " + currentSize);
        }
    }

    /** Returns the footer of a new disk, as XenServer's tools write it. */
    public static Footer of(DiskType type, long sizeBytes, UUID uniqueId, int timestamp) {
        long dataOffset = type == DiskType.FIXED ? NO_DYNAMIC_HEADER : SIZE;
        return new Footer(
                false,
                dataOffset,
                timestamp,
                Creator.TAP,
                sizeBytes,
                sizeBytes,
                Geometry.of(sizeBytes),
                type,
                uniqueId,
                false,
                false);
    }

    /**
     * Returns this footer for a disk of another size. The original size follows, since libvhdi takes it for the size; a
     * creator of whose disks qemu takes the size from the geometry, which is less exact, gives way to one whose size it
     * trusts.
     */
    public Footer withSize(long sizeBytes) {
        return new Footer(
                temporary,
                dataOffset,
                timestamp,
                creator.withTrustedSize(),
                sizeBytes,
                sizeBytes,
                Geometry.of(sizeBytes),
                type,
                uniqueId,
                savedState,
                hidden);
    }

    /** Returns this footer for a disk of another type. */
    public Footer withType(DiskType newType) {
        return new Footer(
                temporary,
                dataOffset,
                timestamp,
                creator,
                originalSize,
                currentSize,
                geometry,
                newType,
                uniqueId,
                savedState,
                hidden);
    }

    /** Returns this footer with another hidden flag. */
    public Footer withHidden(boolean newHidden) {
        return new Footer(
                temporary,
                dataOffset,
                timestamp,
                creator,
                originalSize,
                currentSize,
                geometry,
                type,
                uniqueId,
                savedState,
                newHidden);
    }

    /**
     * Decodes the footer that starts at {@code sector}'s position; the position is left alone.
     *
     * @param file name for error messages
     * @param offset where in the file the sector was read, for error messages
     * @throws UnsupportedVhdException if the disk was disabled by a resize that did not end
     * @throws CorruptVhdException if the cookie, the version, the checksum, the size or the type is wrong; no bytes make
     *     this method throw anything else
     */
    public static Footer decode(ByteBuffer sector, String file, long offset)
            throws CorruptVhdException, UnsupportedVhdException {
        ByteBuffer in = sector.slice(sector.position(), SIZE).order(BIG_ENDIAN);
        // The stored checksum covers the bytes as they are, also those that this class does not know.
        int computed = Checksums.onesComplement(in, CHECKSUM_OFFSET);

        long cookie = in.getLong();
        if (cookie == POISON) {
            throw new UnsupportedVhdException(
                    file,
                    "disabled by an interrupted resize (cookie \"v_poison\")",
                    Advice.of("Undo it with vhd-util's journal: ")
                            .then(Remedy.of(Verb.VHD_REPAIR, file)
                                    .with("journal", "JOURNAL")
                                    .with("yes")));
        }
        if (cookie != COOKIE) {
            throw new CorruptVhdException(
                    file, offset, "footer cookie is 0x" + Long.toHexString(cookie) + ", not \"conectix\"");
        }
        boolean temporary = (in.getInt() & TEMPORARY) != 0;
        int version = in.getInt();
        if (version != VERSION_1) {
            throw new CorruptVhdException(file, offset + 12, "format version is " + hex(version) + ", not 1.0");
        }
        long dataOffset = in.getLong();
        int timestamp = in.getInt();
        Creator creator = new Creator(in.getInt(), in.getInt(), in.getInt());
        long originalSize = in.getLong();
        long currentSize = in.getLong();
        int geometry = in.getInt();
        int typeCode = in.getInt();
        int checksum = in.getInt();
        UUID uniqueId = new UUID(in.getLong(), in.getLong());
        boolean savedState = in.get() != 0;
        boolean hidden = in.get() != 0;
        if (checksum != computed && !(hidden && creator.forgetsChecksum() && checksum == withoutHidden(in, computed))) {
            throw new CorruptVhdException(
                    file,
                    offset + CHECKSUM_OFFSET,
                    "footer checksum is " + hex(checksum) + ", computed " + hex(computed));
        }
        if (currentSize < 0 || currentSize % 512 != 0) {
            throw new CorruptVhdException(
                    file,
                    offset + 48,
                    "disk size is " + Long.toUnsignedString(currentSize) + " bytes, not a number of sectors");
        }
        DiskType type = typeOf(typeCode, file, offset + 60);
        return new Footer(
                temporary,
                dataOffset,
                timestamp,
                creator,
                originalSize,
                currentSize,
                geometry,
                type,
                uniqueId,
                savedState,
                hidden);
    }

    /** Returns a new buffer of {@link #SIZE} bytes, ready to be written, its checksum filled in. */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(SIZE).order(BIG_ENDIAN);
        out.putLong(COOKIE);
        out.putInt(RESERVED_FEATURE | (temporary ? TEMPORARY : 0));
        out.putInt(VERSION_1);
        out.putLong(dataOffset);
        out.putInt(timestamp);
        out.putInt(creator.application());
        out.putInt(creator.version());
        out.putInt(creator.hostOs());
        out.putLong(originalSize);
        out.putLong(currentSize);
        out.putInt(geometry);
        out.putInt(type.code());
        out.putInt(0); // checksum, below
        out.putLong(uniqueId.getMostSignificantBits());
        out.putLong(uniqueId.getLeastSignificantBits());
        out.put((byte) (savedState ? 1 : 0));
        out.put((byte) (hidden ? 1 : 0));
        out.rewind();
        return out.putInt(CHECKSUM_OFFSET, Checksums.onesComplement(out, CHECKSUM_OFFSET));
    }

    private static int withoutHidden(ByteBuffer in, int computed) {
        return computed + Byte.toUnsignedInt(in.get(HIDDEN_OFFSET));
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    private static DiskType typeOf(int code, String file, long offset) throws CorruptVhdException {
        for (DiskType type : DiskType.values()) {
            if (type.code() == code) {
                return type;
            }
        }
        throw new CorruptVhdException(file, offset, "disk type is " + code + ", not 2, 3 or 4");
    }

    /**
     * The program that wrote the disk.
     *
     * @param application four ASCII characters, as an int
     * @param version major in the upper, minor in the lower 16 bits
     * @param hostOs four ASCII characters, as an int
     */
    public record Creator(int application, int version, int hostOs) {
        /** blktap 1.3: the creator that all tools of XenServer accept, and whose size qemu trusts. */
        static final Creator TAP = new Creator(0x74617000, 0x0001_0003, 0);

        private static final int TAP_PREFIX = 0x746170;
        private static final int QEMU = 0x71656d75;
        private static final int QEMU_WITH_SIZE = 0x71656d32;
        private static final int VIRTUAL_PC = 0x76706320;
        private static final int VIRTUAL_SERVER = 0x76732020;
        private static final Creator WINDOWS = new Creator(0x77696e20, 0x000a_0000, 0x5769326b);

        /** Whether it is blktap, the only one that writes a batmap. */
        boolean isTap() {
            return application >>> 8 == TAP_PREFIX;
        }

        /** Whether it is the blktap that wrote sector bitmaps with the bits of each byte the other way round. */
        public boolean hasLittleEndianBitmaps() {
            return isTap() && version == 0x0000_0001;
        }

        /** Whether a batmap follows the BAT; version 1.1 wrote it at times. */
        public boolean mayHaveBatmap() {
            return isTap() && version >= 0x0001_0001;
        }

        private Creator withTrustedSize() {
            return switch (application) {
                case QEMU -> new Creator(QEMU_WITH_SIZE, version, hostOs);
                case VIRTUAL_PC, VIRTUAL_SERVER -> WINDOWS;
                default -> this;
            };
        }

        private boolean forgetsChecksum() {
            return isTap() && (version == 0x0000_0001 || version == 0x0001_0001);
        }
    }
}
