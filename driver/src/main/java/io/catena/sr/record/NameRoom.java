package io.catena.sr.record;

import io.catena.store.CacheBudget;
import io.catena.store.MemoryShortageException;
import io.catena.store.TooManyNamesException;
import java.io.IOException;
import java.util.Collection;

/**
 * The memory that what is known of the files of one directory takes: a share of the process's budget, which is asked for
 * before they are read. So whoever makes many files there harms neither other SRs nor the disks that are served: one SR has no more
 * than half of what the others leave, and there is always some left for the next.
 *
 * <p><b>Threads.</b> Safe for use by many threads: if two claim at once, one may get more than it needs until the next look.
 */
public final class NameRoom implements CacheBudget.Cache {
    /** How many disks, snapshots and base copies an SR may have. */
    public static final int MOST_NODES = 100_000;

    private static final String NODES = "files of disks";

    /** Measured with 100,000 disks, without their names. */
    private static final int NODE_BYTES = 1550;

    /** What is remembered of a record's file, to tell whether it was changed; the record has its own limit. */
    private static final int RECORD_BYTES = 250;

    /** A disk may have three, see {@link SrFiles#recordsOf}. */
    private static final int MOST_RECORDS = 2 * MOST_NODES;

    /** Of {@code <uuid>.vhd}. */
    private static final int USUAL_CHARACTERS = 40;

    /** In how many places a name is kept. */
    private static final int COPIES = 4;

    /** Of the one budget of the process files of SRs have no more than a part: the rest is for disks that are opened. */
    private final CacheBudget names;

    private final CacheBudget process;
    private final String what;
    private final int most;
    private final int bytesEach;
    private volatile long bytes;

    private NameRoom(CacheBudget names, CacheBudget process, String what, int most, int bytesEach) {
        this.names = names;
        this.process = process;
        this.what = what;
        this.most = most;
        this.bytesEach = bytesEach;
        names.add(this);
        process.add(this);
    }

    /** Returns room for the files of an SR's disks. */
    public static NameRoom ofNodes() {
        return ofNodes(CacheBudget.ofNames(), CacheBudget.process());
    }

    static NameRoom ofNodes(CacheBudget names, CacheBudget process) {
        return new NameRoom(names, process, NODES, MOST_NODES, NODE_BYTES);
    }

    /** Returns room for the records of an SR's disks. */
    public static NameRoom ofRecords() {
        return new NameRoom(
                CacheBudget.ofNames(), CacheBudget.process(), "records of disks", MOST_RECORDS, RECORD_BYTES);
    }

    /**
     * Makes sure that there is room for what is known of these files; if there is not, it stays what it was.
     *
     * @throws TooManyNamesException if they are more than an SR may have
     * @throws MemoryShortageException if memory is short
     */
    public void claim(Collection<String> names) throws IOException {
        check(names.size(), what, most);
        long characters = names.stream().mapToLong(String::length).sum();
        bytes = claim(names.size(), characters);
    }

    /** As {@link #claim(Collection)}, of as many files that are not there yet; keeps what it has if they are fewer. */
    public void claim(int count) throws MemoryShortageException {
        bytes = Math.max(bytes, claim(count, count * (long) USUAL_CHARACTERS));
    }

    private long claim(int count, long characters) throws MemoryShortageException {
        long needed = count * (long) bytesEach + COPIES * characters;
        if (needed > bytes) {
            String known = "what is known of " + count + " " + what;
            names.reserveFairly(bytes, needed - bytes, known);
            process.reserve(needed - bytes, known);
        }
        return needed;
    }

    /** Makes sure that an SR may have so many files of disks; asks for no room. */
    public static void check(int nodes) throws TooManyNamesException {
        check(nodes, NODES, MOST_NODES);
    }

    private static void check(int count, String what, int most) throws TooManyNamesException {
        if (count > most) {
            throw new TooManyNamesException(
                    "the SR's directory holds " + count + " " + what + ", expected at most " + most);
        }
    }

    @Override
    public long fixedBytes() {
        return bytes;
    }

    @Override
    public long cachedBytes() {
        return 0;
    }

    @Override
    public void trim(long mostBytes) {
        // Nothing of it could be read again.
    }
}
