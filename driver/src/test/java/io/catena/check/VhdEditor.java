package io.catena.check;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Changes fields of a VHD file as its tests need it, and makes the checksums right again. */
final class VhdEditor {
    static final int HEADER = 512;
    static final int TABLE = 1536;
    static final int BATMAP = 2048;

    private static final int FOOTER_CHECKSUM = 64;
    private static final int HEADER_CHECKSUM = 36;
    private static final int BATMAP_CHECKSUM = 24;

    private final Path path;

    VhdEditor(Path path) {
        this.path = path;
    }

    /** Changes a field of the footer and of its copy. */
    VhdEditor footers(int field, byte... bytes) throws IOException {
        return structure(size() - 512, 512, FOOTER_CHECKSUM, field, bytes)
                .structure(0, 512, FOOTER_CHECKSUM, field, bytes);
    }

    /** Changes a field of the footer at the end only. */
    VhdEditor footer(int field, byte... bytes) throws IOException {
        return structure(size() - 512, 512, FOOTER_CHECKSUM, field, bytes);
    }

    VhdEditor header(int field, byte... bytes) throws IOException {
        return structure(HEADER, 1024, HEADER_CHECKSUM, field, bytes);
    }

    /** Changes an entry of the BAT of a file that we laid out. */
    VhdEditor entry(int block, int sector) throws IOException {
        return raw(TABLE + 4L * block, int32(sector));
    }

    /** Changes a bit of the batmap of a file that we laid out. */
    VhdEditor batmap(byte first) throws IOException {
        raw(BATMAP + 512, first);
        return raw(BATMAP + BATMAP_CHECKSUM, int32(~(first & 0xff)));
    }

    VhdEditor raw(long offset, byte... bytes) throws IOException {
        try (FileChannel file = open()) {
            ByteBuffer source = ByteBuffer.wrap(bytes);
            while (source.hasRemaining()) {
                file.write(source, offset + source.position());
            }
        }
        return this;
    }

    VhdEditor cutOff(long size) throws IOException {
        try (FileChannel file = open()) {
            file.truncate(size);
        }
        return this;
    }

    VhdEditor append(byte... bytes) throws IOException {
        return raw(size(), bytes);
    }

    static byte[] int32(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    static byte[] int64(long value) {
        return ByteBuffer.allocate(8).putLong(value).array();
    }

    long size() throws IOException {
        try (FileChannel file = open()) {
            return file.size();
        }
    }

    private VhdEditor structure(long offset, int length, int checksumField, int field, byte... bytes)
            throws IOException {
        try (FileChannel file = open()) {
            ByteBuffer structure = ByteBuffer.allocate(length).order(BIG_ENDIAN);
            file.read(structure, offset);
            structure.put(field, bytes);
            structure.putInt(checksumField, 0);
            int sum = 0;
            for (byte value : structure.array()) {
                sum += value & 0xff;
            }
            file.write(structure.putInt(checksumField, ~sum).rewind(), offset);
        }
        return this;
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
}
