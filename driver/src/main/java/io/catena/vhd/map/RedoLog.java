package io.catena.vhd.map;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Remembers, outside the disk and outside the process, which metadata of one file is not written yet: what makes an
 * answered write survive the death of the process. It lives on storage that is lost with the power (tmpfs), and needs to
 * survive no longer: without power the unflushed data may be gone too.
 *
 * <p>Two files take turns: while a flush writes back what the one tells of, new records go to the other. Each begins with
 * a header, written with the first record, that names the boot, the attachment and the disk it belongs to; records that
 * belong to others are never applied.
 *
 * <pre>
 * offset  size  header                     offset  size  record (24 bytes each)
 *      0     8  "catredo2"                      0     4  block
 *      8    16  boot id                         4     4  BAT entry of the block
 *     24    16  attachment                      8     4  first sector that became present
 *     40    16  unique id of the disk          12     4  number of sectors; 0: the block was given up
 *     56     4  CRC-32C of the above           16     4  number of the record
 *     60     4  zero                           20     4  CRC-32C of attachment and the above
 * </pre>
 *
 * <p>Records are numbered in the order in which they were appended, over both files; the numbers wrap. Integers are big-endian. A torn record at the end was never answered and is ignored.
 *
 * <p><b>Threads.</b> Safe for use by many threads; {@link #rotate} and {@link #discard} only by one at a time.
 */
public final class RedoLog implements Closeable {
    private static final long MAGIC = 0x6361747265646f32L; // "catredo2"
    private static final String FIRST = ".0";
    private static final int HEADER_BYTES = 64;
    private static final int ATTACHMENT = 24;
    private static final int DISK_ID = 40;
    private static final int RECORD_BYTES = 24;
    private static final int CHECKED_BYTES = 20;

    private final Storage storage;
    private final RedoBudget budget;
    private final Notice notice;
    private final Owner owner;
    private final UUID diskId;
    private final List<Half> halves = new ArrayList<>();
    private final List<Numbered> survivors = new ArrayList<>();

    /** The half that takes new records; guarded by this. */
    private int current;

    /** The number of the next record; guarded by this. */
    private int nextNumber;

    private int toDiscard;

    private boolean closed;

    private RedoLog(Storage storage, RedoBudget budget, Notice notice, Owner owner, UUID diskId) {
        this.storage = storage;
        this.budget = budget;
        this.notice = notice;
        this.owner = owner;
        this.diskId = diskId;
    }

    /**
     * Whose records count.
     *
     * @param boot changes with every start of the host
     * @param attachment changes with every attachment of the SR, so that records are not applied after another host
     *     has worked on the disks
     */
    public record Owner(UUID boot, UUID attachment) {}

    /**
     * Sectors that became present, and where their block stands.
     *
     * @param sectors 0 if the block was given up, and stood there before
     */
    record Entry(int block, int batEntry, int firstSector, int sectors) {
        static Entry givenUp(int block, int batEntry) {
            return new Entry(block, batEntry, 0, 0);
        }

        boolean isGivenUp() {
            return sectors == 0;
        }
    }

    /** An entry, which half holds it, and where it stands in the order of all. */
    private record Numbered(int half, int number, Entry entry) {}

    /** Where it is noted that a log exists, in a place from which the log's loss can be noticed. */
    public interface Notice {
        /** Nobody notices. */
        Notice NONE = new Notice() {
            @Override
            public void begin() {}

            @Override
            public void end() {}
        };

        /** The log's files exist; nothing was written to them yet. */
        void begin() throws IOException;

        /** The log is needed no more, and is about to be removed. */
        void end() throws IOException;
    }

    /**
     * Opens the log of a disk, and makes it if there is none.
     *
     * @param storage loses everything with the power
     * @param directory where on it the log's two files are
     */
    public static RedoLog open(Storage storage, String directory, Owner owner, UUID diskId) throws IOException {
        return open(storage, directory, owner, diskId, diskId, Notice.NONE);
    }

    /**
     * Opens the log of a file, and makes it if there is none.
     *
     * @param logId names the log; made of what tells the file from all others
     * @param diskId the disk that the file holds
     * @throws RedoMisfitException if the log tells of another disk's writes: the file was overwritten since
     */
    public static RedoLog open(Storage storage, String directory, Owner owner, UUID logId, UUID diskId, Notice notice)
            throws IOException {
        RedoLog log = new RedoLog(storage, RedoBudget.PROCESS, notice, owner, diskId);
        log.open(directory, logId);
        return log;
    }

    /** As {@link #open(Storage, String, Owner, UUID)}, within a budget. */
    static RedoLog open(Storage storage, String directory, Owner owner, UUID diskId, RedoBudget budget)
            throws IOException {
        RedoLog log = new RedoLog(storage, budget, Notice.NONE, owner, diskId);
        log.open(directory, diskId);
        return log;
    }

    private void open(String directory, UUID logId) throws IOException {
        try {
            for (int i = 0; i < 2; i++) {
                openHalf(half(directory, logId, i));
            }
            notice.begin();
        } catch (IOException e) {
            closeHalves();
            throw e;
        }
        order();
    }

    /** Returns the ids of the logs that are whole in {@code directory}. */
    public static List<UUID> logs(Storage storage, String directory) throws IOException {
        return logs(directory, new HashSet<>(storage.list(directory)));
    }

    private static List<UUID> logs(String directory, Set<String> names) {
        List<UUID> logs = new ArrayList<>();
        for (String name : names) {
            UUID id = name.endsWith(FIRST)
                    ? id(name.substring(directory.length() + 1, name.length() - FIRST.length()))
                    : null;
            if (id != null && name.equals(half(directory, id, 0)) && names.contains(half(directory, id, 1))) {
                logs.add(id);
            }
        }
        return logs;
    }

    /** Returns null for what cannot be an id; of other forms of an id than the usual one the id. */
    private static @Nullable UUID id(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Returns the ids of the logs in {@code directory} that tell of writes of {@code owner}. */
    public static Set<UUID> telling(Storage storage, String directory, Owner owner) throws IOException {
        return telling(storage, directory, header -> isOf(header, owner));
    }

    /** Returns the ids of those that tell of writes since the start of the host that {@code boot} stands for, whoever's. */
    public static Set<UUID> telling(Storage storage, String directory, UUID boot) throws IOException {
        return telling(storage, directory, header -> isOf(header, new Owner(boot, uuid(header, ATTACHMENT))));
    }

    /** Files that have no room for a record are not opened: many are empty at any time. */
    private static Set<UUID> telling(Storage storage, String directory, Predicate<ByteBuffer> isMeant)
            throws IOException {
        Map<String, Storage.Stamp> files = storage.stamps(directory);
        Set<UUID> telling = new HashSet<>();
        for (UUID log : logs(directory, files.keySet())) {
            for (int i = 0; i < 2; i++) {
                String half = half(directory, log, i);
                Storage.Stamp stamp = files.get(half);
                boolean hasRoom = stamp != null && stamp.sizeBytes() >= HEADER_BYTES + RECORD_BYTES;
                if (hasRoom && isMeant.test(headerOf(storage, half))) {
                    telling.add(log);
                }
            }
        }
        return telling;
    }

    /** Returns what a file begins with; all zeros if that is less than a header. */
    private static ByteBuffer headerOf(Storage storage, String half) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(BIG_ENDIAN);
        try (BlockFile file = storage.openReadOnly(half)) {
            file.read(0, header);
        }
        return header.rewind().limit(HEADER_BYTES);
    }

    /** Removes a log that nobody has open, if there is one. */
    public static void delete(Storage storage, String directory, UUID logId) throws IOException {
        for (int i = 0; i < 2; i++) {
            storage.delete(half(directory, logId, i));
        }
    }

    private static String half(String directory, UUID logId, int index) {
        return directory + "/" + logId + "." + index;
    }

    /** Returns the records that an earlier process left, in the order in which they were appended. */
    List<Entry> survivors() {
        return survivors.stream().map(Numbered::entry).toList();
    }

    /**
     * Goes on where the earlier process ended, in the half with the newest record: the older half must be forgotten first.
     * The two hold far less than 2^31 records, so that of two numbers the difference tells which is older.
     */
    private void order() {
        survivors.sort((a, b) -> Integer.compare(a.number() - b.number(), 0));
        if (!survivors.isEmpty()) {
            Numbered newest = survivors.get(survivors.size() - 1);
            nextNumber = newest.number() + 1;
            current = newest.half();
        }
    }

    /** Remembers a change; when this returns, it survives the process. */
    synchronized void append(Entry entry) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES).order(BIG_ENDIAN);
        record.putInt(entry.block())
                .putInt(entry.batEntry())
                .putInt(entry.firstSector())
                .putInt(entry.sectors())
                .putInt(nextNumber)
                .putInt(checksum(record))
                .rewind();
        Half half = halves.get(current);
        half.begin(this);
        half.file.write(half.end, record);
        half.end += RECORD_BYTES;
        budget.add(RECORD_BYTES);
        nextNumber++;
    }

    /** Whether it is time for a flush: this log is long, or all of the process are, and this one is not short. */
    synchronized boolean isFull() {
        return budget.isTooLong(halves.get(current).end);
    }

    synchronized boolean isHalfFull() {
        return budget.isTooLong(2 * halves.get(current).end);
    }

    /**
     * Begins a flush: records appended from now on are kept by the next {@link #discard}. After a flush that failed the
     * other half still holds records; they are older than those of the current one, so it stays current.
     */
    synchronized void rotate() {
        int other = 1 - current;
        if (halves.get(other).end > HEADER_BYTES) {
            toDiscard = other;
        } else {
            toDiscard = current;
            current = other;
        }
    }

    /** Forgets what {@link #rotate} set apart: it is on the disk now. */
    synchronized void discard() throws IOException {
        budget.add(-halves.get(toDiscard).clear());
    }

    /**
     * Closes the log and removes it; call after a flush that succeeded. Nobody misses it from the first step on.
     *
     * <ol>
     *   <li>Remove the note that it exists.
     *   <li>Remove its files.
     * </ol>
     */
    public void delete() throws IOException {
        notice.end();
        close();
        for (Half half : halves) {
            storage.delete(half.name);
        }
    }

    @Override
    public void close() throws IOException {
        closeHalves();
    }

    private void closeHalves() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        for (Half half : halves) {
            budget.add(HEADER_BYTES - half.end);
            half.file.close();
        }
    }

    private void openHalf(String name) throws IOException {
        boolean exists = storage.exists(name);
        Half half = new Half(name, exists ? storage.open(name) : storage.create(name));
        halves.add(half);
        ByteBuffer found = ByteBuffer.allocate(HEADER_BYTES).order(BIG_ENDIAN);
        half.file.read(0, found);
        found.flip();
        if (exists && isOf(found, owner)) {
            replay(half);
            half.begun = found.equals(header());
            if (!half.begun) {
                refuseIfNotEmpty(half, found);
            }
        }
        if (!half.begun) {
            half.file.truncate(0);
        }
    }

    /** The log goes with the file, but the file got another content without the agent. */
    private void refuseIfNotEmpty(Half half, ByteBuffer found) throws IOException {
        if (half.end > HEADER_BYTES) {
            UUID other = uuid(found, DISK_ID);
            throw new RedoMisfitException("disk " + diskId, "writes to disk " + other);
        }
    }

    private static boolean isOf(ByteBuffer header, Owner owner) {
        if (header.limit() < HEADER_BYTES) {
            return false;
        }
        ByteBuffer expected = header(owner, uuid(header, DISK_ID));
        return header.equals(expected);
    }

    private static UUID uuid(ByteBuffer header, int offset) {
        return new UUID(header.getLong(offset), header.getLong(offset + Long.BYTES));
    }

    private void replay(Half half) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES).order(BIG_ENDIAN);
        while (true) {
            record.clear();
            half.file.read(half.end, record);
            if (record.hasRemaining() || record.getInt(CHECKED_BYTES) != checksum(record)) {
                return;
            }
            record.rewind();
            Entry entry = new Entry(record.getInt(), record.getInt(), record.getInt(), record.getInt());
            survivors.add(new Numbered(halves.indexOf(half), record.getInt(), entry));
            half.end += RECORD_BYTES;
            budget.add(RECORD_BYTES);
        }
    }

    private ByteBuffer header() {
        return header(owner, diskId);
    }

    private static ByteBuffer header(Owner owner, UUID diskId) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(BIG_ENDIAN);
        header.putLong(MAGIC);
        put(header, owner.boot());
        put(header, owner.attachment());
        put(header, diskId);
        CRC32C crc = new CRC32C();
        crc.update(header.slice(0, header.position()));
        return header.putInt((int) crc.getValue()).rewind();
    }

    private int checksum(ByteBuffer record) {
        CRC32C crc = new CRC32C();
        crc.update(put(ByteBuffer.allocate(16), owner.attachment()).rewind());
        crc.update(record.slice(0, CHECKED_BYTES));
        return (int) crc.getValue();
    }

    private static ByteBuffer put(ByteBuffer out, UUID id) {
        return out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    /** One of the two files, and where its next record goes. */
    private static final class Half {
        private final String name;
        private final BlockFile file;
        private long end = HEADER_BYTES;

        /** Whether its header is written. */
        private boolean begun;

        Half(String name, BlockFile file) {
            this.name = name;
            this.file = file;
        }

        void begin(RedoLog log) throws IOException {
            if (!begun) {
                file.write(0, log.header());
                begun = true;
            }
        }

        /** Returns how many bytes it had. */
        long clear() throws IOException {
            file.truncate(Math.min(file.size(), HEADER_BYTES));
            long bytes = end - HEADER_BYTES;
            end = HEADER_BYTES;
            return bytes;
        }
    }
}
