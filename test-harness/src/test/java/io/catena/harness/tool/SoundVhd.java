package io.catena.harness.tool;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;

/** What {@code vhd-util check} demands of a sparse disk, written down apart from the product. */
final class SoundVhd {
    private final RandomAccessFile file;
    private final ByteBuffer footer;
    private final ByteBuffer header;

    private SoundVhd(RandomAccessFile file) throws IOException {
        this.file = file;
        footer = read(file.length() - 512, 512);
        header = read(footer.getLong(16), 1024);
    }

    /** Makes sure that a file is sound. */
    static void check(Path path) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            new SoundVhd(file).check();
        }
    }

    private void check() throws IOException {
        assertThat(file.length() % 512).as("file size").isZero();
        assertThat(read(0, 512)).as("copy of the footer").isEqualTo(footer);
        assertThat(text(footer, 8)).isEqualTo("conectix");
        assertThat(footer.getInt(64)).as("footer checksum").isEqualTo(checksum(footer, 64));
        assertThat(text(header, 8)).isEqualTo("cxsparse");
        assertThat(header.getInt(36)).as("header checksum").isEqualTo(checksum(header, 36));
        int blockSize = header.getInt(32);
        long size = footer.getLong(48);
        long blocks = (size + blockSize - 1) / blockSize;
        assertThat((long) header.getInt(28)).as("BAT entries").isGreaterThanOrEqualTo(blocks);
        ByteBuffer table = read(header.getLong(16), header.getInt(28) * 4);
        long end = headersEnd(table, size);
        checkBlocks(table, blocks, blockSize, end);
    }

    private long headersEnd(ByteBuffer table, long size) throws IOException {
        long end = header.getLong(16) + (table.capacity() + 511L) / 512 * 512;
        if (text(footer.slice(28, 3), 3).equals("tap")) {
            end = batmapEnd(end, table, size);
        }
        for (int slot = 0; slot < 8; slot++) {
            int at = 576 + 24 * slot;
            if (header.getInt(at) != 0) {
                long space = header.getInt(at + 4);
                assertThat(space % 512).as("space of locator " + slot).isZero();
                assertThat(header.getInt(at + 8))
                        .as("length of locator " + slot)
                        .isBetween(1, (int) space);
                assertThat(header.getLong(at + 16) + space).isLessThanOrEqualTo(file.length() - 512);
                end = Math.max(end, header.getLong(at + 16) + space);
            }
        }
        return end;
    }

    private long batmapEnd(long at, ByteBuffer table, long size) throws IOException {
        ByteBuffer batmap = read(at, 512);
        assertThat(text(batmap, 8)).isEqualTo("tdbatmap");
        assertThat(batmap.getLong(8)).as("batmap offset").isEqualTo(at + 512);
        int entries = table.capacity() / 4;
        int bytes = ((entries + 7) / 8 + 511) / 512 * 512;
        assertThat(batmap.getInt(16)).as("batmap sectors").isEqualTo(bytes / 512);
        ByteBuffer map = read(at + 512, bytes);
        int checked = (int) Math.max(512, ((size >> 24) + 511) / 512 * 512);
        assertThat(batmap.getInt(24))
                .as("batmap checksum")
                .isEqualTo(checksum(map.slice(0, Math.min(checked, bytes)), Integer.MAX_VALUE - 4));
        for (int block = 0; block < entries; block++) {
            if ((map.get(block / 8) & 0x80 >> block % 8) != 0) {
                assertThat(table.getInt(block * 4)).as("full block " + block).isNotEqualTo(-1);
            }
        }
        return at + 512 + bytes;
    }

    private void checkBlocks(ByteBuffer table, long blocks, int blockSize, long headersEnd) throws IOException {
        int bitmap = (blockSize / 512 / 8 + 511) / 512 * 512;
        SortedMap<Long, Integer> starts = new TreeMap<>();
        for (int block = 0; block < table.capacity() / 4; block++) {
            int entry = table.getInt(block * 4);
            if (block >= blocks) {
                assertThat(entry).as("entry behind the disk " + block).isEqualTo(-1);
            } else if (entry != -1) {
                assertThat(starts.put(Integer.toUnsignedLong(entry) * 512, block))
                        .as("two blocks at " + entry)
                        .isNull();
            }
        }
        long before = headersEnd;
        for (var start : starts.entrySet()) {
            assertThat(start.getKey()).as("block " + start.getValue()).isGreaterThanOrEqualTo(before);
            before = start.getKey() + bitmap + blockSize;
        }
        assertThat(before).as("end of the data").isLessThanOrEqualTo(file.length() - 512);
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(offset);
        file.readFully(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static String text(ByteBuffer bytes, int length) {
        byte[] text = new byte[length];
        bytes.get(0, text);
        return new String(text, US_ASCII);
    }

    private static int checksum(ByteBuffer bytes, int at) {
        int sum = 0;
        for (int i = 0; i < bytes.limit(); i++) {
            sum += i >= at && i < at + 4 ? 0 : Byte.toUnsignedInt(bytes.get(i));
        }
        return ~sum;
    }
}
