package io.catena.harness.check;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;

/** Damages a file by chance, and puts it back as it was. Favours metadata, and values that break arithmetic. */
final class Mutation {
    private static final long[] VALUES = {
        0,
        1,
        -1,
        2,
        7,
        511,
        512,
        513,
        1024,
        1536,
        4096,
        1 << 21,
        1L << 31,
        (1L << 31) - 1,
        1L << 32,
        (1L << 32) - 1,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE / 512 * 512,
        Long.MAX_VALUE - 511,
        2040L << 30,
        1L << 40
    };

    /** Fields by offset and size, of the footer and of the header. */
    private static final int[][] FOOTER_FIELDS = {
        {8, 4}, {12, 4}, {16, 8}, {24, 4}, {28, 4}, {32, 4}, {40, 8}, {48, 8}, {56, 4}, {60, 4}, {68, 8}, {84, 1},
        {85, 1}
    };

    private static final int[][] HEADER_FIELDS = {
        {8, 8}, {16, 8}, {24, 4}, {28, 4}, {32, 4}, {40, 8}, {56, 4}, {60, 4}, {64, 8}, {576, 4}, {580, 4}, {584, 4},
        {588, 4}, {592, 8}, {600, 4}, {604, 4}, {608, 4}, {616, 8}, {768, 8}
    };

    private static final int[][] BATMAP_FIELDS = {{8, 8}, {16, 4}, {20, 4}, {24, 4}, {29, 1}, {94, 4}};

    private final Path path;
    private final Random random;
    private final Deque<Undo> undo = new ArrayDeque<>();
    private final StringBuilder description = new StringBuilder();

    /** What stood where, and how long the file was. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Undo(long offset, byte[] bytes, long size) {}

    Mutation(Path path, Random random) {
        this.path = path;
        this.random = random;
    }

    /** Makes one to four changes. */
    void apply() throws IOException {
        try (FileChannel file = open()) {
            int count = 1 + random.nextInt(4);
            for (int i = 0; i < count; i++) {
                applyOne(file);
            }
        }
    }

    private void applyOne(FileChannel file) throws IOException {
        switch (random.nextInt(10)) {
            case 0 -> flip(file);
            case 1 -> overwrite(file, place(file), 1 + random.nextInt(64));
            case 2 -> resize(file);
            case 3 -> value(file, place(file));
            case 4, 5, 6 -> field(file, 512, 1024, 36, HEADER_FIELDS);
            case 7, 8 -> footers(file);
            default -> table(file);
        }
    }

    private void flip(FileChannel file) throws IOException {
        long at = place(file);
        byte[] one = read(file, at, 1);
        if (one.length > 0) {
            one[0] ^= (byte) (1 << random.nextInt(8));
            write(file, at, one);
        }
    }

    private void overwrite(FileChannel file, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        write(file, at, bytes);
    }

    private void value(FileChannel file, long at) throws IOException {
        int size = random.nextBoolean() ? 4 : 8;
        write(file, at / size * size, bytes(VALUES[random.nextInt(VALUES.length)], size));
    }

    private void resize(FileChannel file) throws IOException {
        long size = file.size();
        long tail = Math.min(size, random.nextInt(4) == 0 ? 1 + random.nextInt(1 << 20) : 1 + random.nextInt(1024));
        if (random.nextBoolean()) {
            undo.push(new Undo(size - tail, read(file, size - tail, (int) tail), size));
            file.truncate(size - tail);
            description.append(" cut off ").append(tail);
        } else {
            overwrite(file, size, (int) Math.min(tail, 4096));
        }
    }

    private void footers(FileChannel file) throws IOException {
        long seed = random.nextLong();
        boolean both = random.nextInt(3) > 0;
        field(file, Math.max(0, file.size() - 512), 512, 64, FOOTER_FIELDS, new Random(seed));
        if (both) {
            field(file, 0, 512, 64, FOOTER_FIELDS, new Random(seed));
        }
    }

    /** An entry of the BAT, or a field of the batmap's header. */
    private void table(FileChannel file) throws IOException {
        if (random.nextInt(3) == 0) {
            field(file, 2048, 512, -1, BATMAP_FIELDS);
        } else {
            int entry = random.nextBoolean()
                    ? (int) VALUES[random.nextInt(VALUES.length)]
                    : random.nextInt((int) (file.size() / 512) + 2);
            write(file, 1536 + 4L * random.nextInt(8), bytes(entry, 4));
        }
    }

    private void field(FileChannel file, long offset, int length, int checksum, int[][] fields) throws IOException {
        field(file, offset, length, checksum, fields, random);
    }

    /** Changes a field, or swaps two, and makes the checksum right. */
    private void field(FileChannel file, long offset, int length, int checksum, int[][] fields, Random chance)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(read(file, offset, length)).order(BIG_ENDIAN);
        if (bytes.capacity() < length) {
            return;
        }
        int[] field = fields[chance.nextInt(fields.length)];
        if (chance.nextInt(5) == 0) {
            int[] other = fields[chance.nextInt(fields.length)];
            int size = Math.min(field[1], other[1]);
            byte[] kept = new byte[size];
            bytes.get(field[0], kept);
            bytes.put(field[0], bytes, other[0], size).put(other[0], kept);
        } else {
            long value = chance.nextInt(3) == 0 ? chance.nextLong() : VALUES[chance.nextInt(VALUES.length)];
            bytes.put(field[0], bytes(value, field[1]));
        }
        if (checksum >= 0) {
            bytes.putInt(checksum, 0);
            int sum = 0;
            for (byte one : bytes.array()) {
                sum += one & 0xff;
            }
            bytes.putInt(checksum, ~sum);
        }
        write(file, offset, bytes.array());
        description
                .append(" (field ")
                .append(field[0])
                .append(" at ")
                .append(offset)
                .append(')');
    }

    private long place(FileChannel file) throws IOException {
        long size = Math.max(1, file.size());
        return switch (random.nextInt(4)) {
            case 0 -> Math.max(0, size - 1 - random.nextInt(1024));
            case 1 -> (random.nextLong() & Long.MAX_VALUE) % size;
            default -> random.nextInt((int) Math.min(size, 8192));
        };
    }

    private void write(FileChannel file, long offset, byte[] bytes) throws IOException {
        undo.push(new Undo(offset, read(file, offset, bytes.length), file.size()));
        file.write(ByteBuffer.wrap(bytes), offset);
        description.append(' ').append(bytes.length).append('@').append(offset);
    }

    private static byte[] read(FileChannel file, long offset, int length) throws IOException {
        byte[] bytes = new byte[(int) Math.max(0, Math.min(length, file.size() - offset))];
        file.read(ByteBuffer.wrap(bytes), offset);
        return bytes;
    }

    private static byte[] bytes(long value, int size) {
        byte[] all = ByteBuffer.allocate(8).putLong(value).array();
        byte[] last = new byte[size];
        System.arraycopy(all, 8 - size, last, 0, size);
        return last;
    }

    /** Puts the file back as it was. */
    void takeBack() throws IOException {
        try (FileChannel file = open()) {
            while (!undo.isEmpty()) {
                Undo last = undo.pop();
                file.write(ByteBuffer.wrap(last.bytes()), last.offset());
                file.truncate(last.size());
            }
        }
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @Override
    public String toString() {
        return description.toString();
    }
}
