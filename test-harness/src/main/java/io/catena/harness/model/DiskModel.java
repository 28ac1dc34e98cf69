package io.catena.harness.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The oracle of one disk: which values each of its sectors may have, now or after a crash. Values are small numbers; 0 is a
 * sector of zeros, and each write has a number of its own.
 *
 * <ul>
 *   <li>Now, and after the death of the process: the value answered last; and of a write that began later and was not
 *       answered, or failed, the old value or the new, sector by sector.
 *   <li>After a power cut: the value at the beginning of the last flush that was answered, or any written after it.
 * </ul>
 *
 * <p>Not safe for use by several threads.
 */
public final class DiskModel {
    public static final int SECTOR = 512;

    private static final int ZEROS = 0;
    private static final int GARBAGE = -1;

    /** Stands for the number of a write where the value was found, not written. */
    private static final int FOUND = 0;

    private static final int FAULTS_SHOWN = 5;
    private static final Version NEVER_WRITTEN = new Version(ZEROS, FOUND, 0);
    private static final int PIECE_SECTORS = DiskContent.PIECE_BYTES / SECTOR;
    private static final byte[] ZERO_PIECE = new byte[DiskContent.PIECE_BYTES];
    private static final long MARK = 0xCA7E_0000_0000_0000L;
    private static final int VALUE_BITS = 24;

    private final long sectors;
    private final AtomicInteger lastValue;

    /** Of each sector that was ever written, oldest first; the first one is sure. */
    private final TreeMap<Long, List<Version>> versions = new TreeMap<>();

    /** The keys of versions, for speed. */
    private final BitSet written = new BitSet();

    /** Counts what happens, so that a flush knows what came before it. */
    private long now;

    private DiskModel(long sectors, AtomicInteger lastValue) {
        this.sectors = sectors;
        this.lastValue = lastValue;
    }

    /** Returns the model of an empty disk. */
    public static DiskModel empty(long sizeBytes) {
        return new DiskModel(sizeBytes / SECTOR, new AtomicInteger());
    }

    /** Returns the model of another empty disk, whose values differ from those of this one. */
    public DiskModel sibling(long sizeBytes) {
        return new DiskModel(sizeBytes / SECTOR, lastValue);
    }

    /** Returns the model of a disk that was written and flushed as this one was so far; their later values differ. */
    public DiskModel copy() {
        DiskModel copy = new DiskModel(sectors, lastValue);
        versions.forEach((sector, all) -> copy.versions.put(sector, new ArrayList<>(all)));
        copy.written.or(written);
        copy.now = now;
        return copy;
    }

    /** Returns the model of a disk that durably holds what this one holds now; their later values differ. */
    public DiskModel frozen() {
        DiskModel copy = new DiskModel(sectors, lastValue);
        versions.forEach((sector, all) -> {
            List<Version> live = new ArrayList<>(all.subList(lastSure(all, Long.MAX_VALUE), all.size()));
            copy.versions.put(sector, live);
            copy.written.set((int) (long) sector);
        });
        copy.now = now;
        return copy;
    }

    /**
     * Returns the model of this disk after it was put upon another: sectors to which nothing was ever written are as in that.
     * The other durably holds what it holds now; what was written to this disk since its last flush may still be lost.
     */
    public DiskModel over(DiskModel parent) {
        DiskModel composed = parent.frozen();
        versions.forEach((sector, all) -> composed.versions.put(sector, new ArrayList<>(all)));
        composed.written.or(written);
        versions.keySet().forEach(sector -> composed.written.set((int) (long) sector));
        composed.now = Math.max(now, parent.now);
        return composed;
    }

    /**
     * A write under way.
     *
     * @param number no other write of the model and its siblings has it
     * @param zeroes whether it makes sectors zero; else their value is the number
     */
    public record Write(long sector, int count, int number, boolean zeroes) {
        public long offset() {
            return sector * SECTOR;
        }

        public long lengthBytes() {
            return (long) count * SECTOR;
        }

        /** Returns the value of its sectors afterwards. */
        public int value() {
            return zeroes ? ZEROS : number;
        }

        /** Returns what is to be written. */
        public ByteBuffer bytes() {
            ByteBuffer bytes = ByteBuffer.allocate(count * SECTOR);
            while (!zeroes && bytes.hasRemaining()) {
                bytes.putLong(mark(number, sector + bytes.position() / SECTOR));
            }
            return bytes.rewind();
        }
    }

    /** A value, the number of its write, and when that was answered: {@code Long.MAX_VALUE} if it was not. */
    private record Version(int value, int number, long answeredAt) {
        boolean sureAt(long time) {
            return answeredAt <= time && answeredAt != Long.MAX_VALUE;
        }
    }

    public long sizeBytes() {
        return sectors * SECTOR;
    }

    /** Begins a write of {@code count} sectors. Until it is {@link #answered}, each of them may have it or not. */
    public Write write(long sector, int count) {
        return begin(new Write(sector, count, lastValue.incrementAndGet(), false));
    }

    /** As {@link #write}, of zeros. */
    public Write zero(long sector, int count) {
        return begin(new Write(sector, count, lastValue.incrementAndGet(), true));
    }

    private Write begin(Write write) {
        Version version = new Version(write.value(), write.number(), Long.MAX_VALUE);
        for (long s = write.sector(); s < write.sector() + write.count(); s++) {
            versionsOf(s).add(version);
        }
        return write;
    }

    /** The write succeeded. */
    public void answered(Write write) {
        now++;
        Version sure = new Version(write.value(), write.number(), now);
        for (long s = write.sector(); s < write.sector() + write.count(); s++) {
            versionsOf(s).replaceAll(v -> v.number() == write.number() ? sure : v);
        }
    }

    /** Begins a flush; returns what is to be handed to {@link #flushed}. */
    public long flush() {
        return now;
    }

    /** The flush that began with {@code begin} succeeded. */
    public void flushed(long begin) {
        versions.values().forEach(all -> all.subList(0, lastSure(all, begin)).clear());
    }

    /** Returns the values that a sector may have now, or after the process died. */
    public Set<Integer> allowed(long sector) {
        return values(versionsNow(sector));
    }

    /** Returns the values that a sector may have after a power cut. */
    public Set<Integer> allowedAfterPowerCut(long sector) {
        return values(versionsOf(sector));
    }

    /** As {@link #check(DiskContent)}, with all bytes of the disk. */
    public void check(byte[] content) {
        try {
            check(of(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compares the disk's content, whose sectors from now on have the values found.
     *
     * @throws AssertionError if a sector has a value that it must not have
     */
    public void check(DiskContent content) throws IOException {
        int[] values = compare(content, false);
        versions.forEach((sector, all) -> {
            int found = values[(int) (long) sector];
            if (all.get(all.size() - 1).value() != found
                    || !all.get(all.size() - 1).sureAt(now)) {
                all.add(new Version(found, FOUND, now));
            }
        });
    }

    /** As {@link #checkAfterPowerCut(DiskContent)}, with all bytes of the disk. */
    public void checkAfterPowerCut(byte[] content) {
        try {
            checkAfterPowerCut(of(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compares the disk's content after a power cut; what is found is durable.
     *
     * @throws AssertionError if a sector has a value that it must not have
     */
    public void checkAfterPowerCut(DiskContent content) throws IOException {
        int[] values = compare(content, true);
        versions.forEach((sector, all) -> {
            all.clear();
            all.add(new Version(values[(int) (long) sector], FOUND, now));
        });
    }

    private DiskContent of(byte[] content) {
        if (content.length != sizeBytes()) {
            throw new AssertionError("the disk has " + content.length + " bytes, expected " + sizeBytes());
        }
        return (offset, target) -> target.put(content, (int) offset, target.remaining());
    }

    /** Returns the value found in each sector. */
    private int[] compare(DiskContent content, boolean afterPowerCut) throws IOException {
        int[] values = new int[(int) sectors];
        List<String> faults = new ArrayList<>();
        byte[] piece = new byte[DiskContent.PIECE_BYTES];
        for (int first = 0; first < sectors; first += PIECE_SECTORS) {
            int count = (int) Math.min(PIECE_SECTORS, sectors - first);
            content.read((long) first * SECTOR, ByteBuffer.wrap(piece, 0, count * SECTOR));
            compare(first, piece, count, afterPowerCut, values, faults);
        }
        if (!faults.isEmpty()) {
            throw new AssertionError(faults.size() + " sectors are wrong: "
                    + String.join("; ", faults.subList(0, Math.min(FAULTS_SHOWN, faults.size()))));
        }
        return values;
    }

    private void compare(int first, byte[] piece, int count, boolean afterPowerCut, int[] values, List<String> faults) {
        // Most are zeros; of those only the sectors need a look that were ever written.
        boolean isZero = Arrays.equals(piece, 0, count * SECTOR, ZERO_PIECE, 0, count * SECTOR);
        for (int i = 0; i < count; i++) {
            int sector = first + i;
            int found = isZero ? ZEROS : valueAt(piece, i * SECTOR, sector);
            values[sector] = found;
            if (found == ZEROS && !written.get(sector)) {
                continue;
            }
            List<Version> allowed = afterPowerCut ? versionsOf(sector) : versionsNow(sector);
            if (!hasValue(allowed, found)) {
                faults.add("sector " + sector + " has "
                        + describe(found, ByteBuffer.wrap(piece).getLong(i * SECTOR)) + ", allowed are "
                        + values(allowed));
            }
        }
    }

    private List<Version> versionsOf(long sector) {
        if (sector < 0 || sector >= sectors) {
            throw new IndexOutOfBoundsException("sector " + sector + " of a disk of " + sectors);
        }
        written.set((int) sector);
        return versions.computeIfAbsent(sector, s -> new ArrayList<>(List.of(NEVER_WRITTEN)));
    }

    private List<Version> versionsNow(long sector) {
        List<Version> all = versionsOf(sector);
        return all.subList(lastSure(all, Long.MAX_VALUE), all.size());
    }

    /** Returns the index of the last version that was answered at {@code time}. */
    private static int lastSure(List<Version> all, long time) {
        int last = 0;
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).sureAt(time)) {
                last = i;
            }
        }
        return last;
    }

    private static Set<Integer> values(List<Version> versions) {
        Set<Integer> values = new TreeSet<>();
        versions.forEach(version -> values.add(version.value()));
        return values;
    }

    private static boolean hasValue(List<Version> versions, int value) {
        for (Version version : versions) {
            if (version.value() == value) {
                return true;
            }
        }
        return false;
    }

    /** Returns what stands in each eight bytes of a sector. */
    private static long mark(int value, long sector) {
        return MARK | (long) value << VALUE_BITS | sector;
    }

    /** Returns the value that stands in a sector, whose bytes begin at {@code from}; {@link #GARBAGE} if none, or one of another. */
    private static int valueAt(byte[] content, int from, long sector) {
        long first = ByteBuffer.wrap(content).getLong(from);
        int end = from + SECTOR;
        if (first == 0) {
            return Arrays.equals(ZERO_PIECE, 0, SECTOR, content, from, end) ? ZEROS : GARBAGE;
        }
        int value = (int) ((first & ~MARK) >>> VALUE_BITS);
        boolean isSameThroughout = Arrays.equals(content, from, end - Long.BYTES, content, from + Long.BYTES, end);
        return first == mark(value, sector) && isSameThroughout ? value : GARBAGE;
    }

    private static String describe(int value, long first) {
        return value == GARBAGE ? "garbage that begins with " + Long.toHexString(first) : Integer.toString(value);
    }
}
