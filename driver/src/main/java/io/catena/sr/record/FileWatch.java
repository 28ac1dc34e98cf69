package io.catena.sr.record;

import io.catena.store.Storage;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Tells which files of a directory were made, changed or deleted since it was asked last, without a look into them.
 *
 * <p><b>What it cannot see.</b> A change that leaves no trace in the file's size, times and inode:
 *
 * <ul>
 *   <li>One within the same tick of the file system's clock as an earlier one. So a file that was changed less than two seconds
 *       before it was looked at counts as changed the next time too.
 *   <li>The same, if the clock of the server that holds the files is behind this host's by more than that.
 *   <li>One by another host that this host's NFS client does not know of yet: until its attribute cache expires, which takes a
 *       minute at most; the next time finds it.
 *   <li>One made around the file system, on the device under it.
 * </ul>
 *
 * <p><b>Why that is safe.</b> It decides only what is shown, and what is looked at again. Whoever opens a disk, cuts, merges or
 * resizes one reads the headers of its files anew; {@code catena sr check} and every attach read all files whatever their stamps
 * say.
 *
 * <p><b>Threads.</b> Not safe for use by several threads at once.
 */
public final class FileWatch {
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Storage storage;
    private final String directory;
    private final Predicate<String> wanted;
    private final NameRoom room;
    private final Clock clock;

    /** As of the last call, without those that were too young to be relied on. */
    private final Map<String, Storage.Stamp> settled = new HashMap<>();

    /** All names as of the last call. */
    private Set<String> names = Set.of();

    /**
     * @param directory of which the files are watched
     * @param wanted which of them
     * @param room for what is known of them
     * @param clock the one that the file system's times are compared with
     */
    public FileWatch(Storage storage, String directory, Predicate<String> wanted, NameRoom room, Clock clock) {
        this.storage = storage;
        this.directory = directory;
        this.wanted = wanted;
        this.room = room;
        this.clock = clock;
    }

    /**
     * Returns the names of the files that are not as they were; all at the first call. To be called before they are read: what
     * happens in between is then found the next time.
     *
     * @throws IOException also if they are too many; then this call counts for nothing
     */
    public Set<String> changes() throws IOException {
        Instant now = clock.instant();
        long limit = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano() - SETTLED_NANOS;
        SortedMap<String, Storage.Stamp> found = storage.stamps(directory, wanted);
        room.claim(found.keySet());
        Set<String> changed = new TreeSet<>(names);
        changed.removeAll(found.keySet());
        found.forEach((name, stamp) -> {
            if (!stamp.equals(settled.get(name))) {
                changed.add(name);
            }
        });
        names = Set.copyOf(found.keySet());
        settled.clear();
        found.forEach((name, stamp) -> {
            if (Math.max(stamp.modifiedNanos(), stamp.changedNanos()) < limit) {
                settled.put(name, stamp);
            }
        });
        return changed;
    }
}
