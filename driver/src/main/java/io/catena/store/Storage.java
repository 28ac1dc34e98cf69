package io.catena.store;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A tree of named files: everything the driver asks of the host's storage. The only road to disk, so that a test can put
 * simulated storage in its place, inject errors at any call and cut the power after any call.
 *
 * <p><b>Names</b> are paths relative to the storage's root, with "/" between their parts, in normal form. They may start
 * with "../" or "/" to name a file outside the root; such files can only be opened read-only.
 *
 * <p><b>Durability.</b> Bytes survive power loss only after {@link BlockFile#sync} of their file. Names (a create, a
 * rename, a delete) survive only after {@link #syncNames}. Before that each may survive or not, in any order.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface Storage {
    /**
     * Directories below this one are made by {@link #makeDirectory} alone: a change of names that needs one which is not there
     * any more must fail.
     */
    String EPOCHS = ".catena/epoch";

    /** So many names of one directory are kept in memory. The largest SR has half as many disks. */
    int MOST_NAMES = 200_000;

    /** Whether a name, say from a file that anybody could have written, is in normal form and leads nowhere outside. */
    static boolean isInside(String name) {
        return Root.isInside(name);
    }

    /**
     * Returns the names of the files directly in a directory, sorted; none if it does not exist. The root is "".
     *
     * @throws TooManyNamesException if there are more than {@link #MOST_NAMES}
     */
    List<String> list(String directory) throws IOException;

    /**
     * As {@link #list(String)}, of the names that are wanted; the others take no memory, and may be more.
     *
     * @param wanted is asked for names as they are returned
     */
    default List<String> list(String directory, Predicate<String> wanted) throws IOException {
        return list(directory).stream().filter(wanted).toList();
    }

    /**
     * Returns the files that {@link #list(String)} names, each with a stamp that tells whether it was changed since an earlier
     * call: for the price of one look at each file's inode, not into the file.
     */
    SortedMap<String, Stamp> stamps(String directory) throws IOException;

    /** As {@link #stamps(String)}, of the names that are wanted; see {@link #list(String, Predicate)}. */
    default SortedMap<String, Stamp> stamps(String directory, Predicate<String> wanted) throws IOException {
        SortedMap<String, Stamp> stamps = new TreeMap<>(stamps(directory));
        stamps.keySet().removeIf(wanted.negate());
        return stamps;
    }

    /** Whether there is a file of this name. */
    boolean exists(String name) throws IOException;

    /**
     * Creates an empty file and opens it for reading and writing. Makes the directories it needs.
     *
     * @throws java.nio.file.FileAlreadyExistsException if {@code name} exists
     */
    BlockFile create(String name) throws IOException;

    /**
     * Opens a file for reading and writing.
     *
     * @throws java.nio.file.NoSuchFileException if {@code name} does not exist
     */
    BlockFile open(String name) throws IOException;

    /**
     * Opens a file for reading.
     *
     * @throws java.nio.file.NoSuchFileException if {@code name} does not exist
     */
    BlockFile openReadOnly(String name) throws IOException;

    /** As {@link #openReadOnly}, for a file from which others are to take bytes with {@link BlockFile#takeFrom}. */
    default BlockFile openSource(String name) throws IOException {
        return openReadOnly(name);
    }

    /**
     * Whether another process writes a file at this moment, so that what is on disk may not be all that was written. Tells what
     * locks tell: who writes without one is not seen.
     */
    default boolean isWrittenElsewhere(String name) throws IOException {
        return false;
    }

    /** Returns what is known of a file without opening it. */
    FileInfo info(String name) throws IOException;

    /**
     * Renames a file and replaces {@code to} if it exists; a reader of {@code to} sees the old file or the new. Makes the
     * directories it needs.
     *
     * @throws java.nio.file.NoSuchFileException if {@code from} does not exist
     */
    void rename(String from, String to) throws IOException;

    /**
     * Gives a file a second name, at one instant, with all its bytes. Makes the directories it needs.
     *
     * @throws java.nio.file.FileAlreadyExistsException if {@code name} exists and is another file
     * @throws java.nio.file.NoSuchFileException if {@code file} does not exist
     */
    void link(String file, String name) throws IOException;

    /**
     * Makes a directory, and those above it that it needs.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is one
     */
    void makeDirectory(String name) throws IOException;

    /** Removes a directory; does nothing if it does not exist, or is not empty. */
    void removeDirectory(String name) throws IOException;

    /** Returns the names of the directories directly in a directory, sorted, links left out; none if it does not exist. */
    List<String> directories(String directory) throws IOException;

    /** Deletes a file; does nothing if it does not exist. Whoever has it open can go on using it. */
    void delete(String name) throws IOException;

    /** Makes all creates, renames and deletes so far durable. */
    void syncNames() throws IOException;

    /** Returns the size of the file system and what is free on it. */
    Space space() throws IOException;

    /**
     * Locks the storage against other processes until the lock is closed, with the help of the file {@code name}.
     *
     * @throws StorageLockedException if another process, or this one, holds the lock
     */
    StorageLock lock(String name) throws IOException;

    /**
     * Returns the name of the file that {@code reference}, a relative or absolute path, means in the directory that holds
     * {@code from}. A file inside the root gets the name that {@link #list} gives it, however the reference reaches it.
     */
    String resolve(String from, String reference) throws IOException;

    /**
     * What is known of a file.
     *
     * @param allocatedBytes what it takes on the file system; less than {@code sizeBytes} if it has holes
     * @param modifiedEpochSeconds when its bytes were last changed
     * @param identity the file itself, whatever its name, also after its file system was mounted anew; that of a copy
     *     differs, and that of a later file that got its inode, where the file system knows when files were made
     */
    record FileInfo(long sizeBytes, long allocatedBytes, long modifiedEpochSeconds, String identity) {}

    /**
     * Changes whenever a file does, as far as its file system notes it.
     *
     * <p>Two stamps that are equal tell of an unchanged file, with these exceptions: a change within the same tick of the
     * file system's clock (some milliseconds) as the one before it, so a stamp that is younger than a few seconds must not be
     * relied on; and on a file system of another host, a change that this host's attribute cache does not show yet.
     *
     * @param identity the file itself, whatever its name: equal for two names of one file
     * @param modifiedNanos when its bytes were changed last, in ns since 1970
     * @param changedNanos when its bytes or its inode were changed last; unlike the other nobody can set it back
     */
    record Stamp(String identity, long sizeBytes, long modifiedNanos, long changedNanos) {
        /** As the compiler would have it, without the time that it takes what the compiler makes to begin. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Stamp stamp
                    && sizeBytes == stamp.sizeBytes
                    && modifiedNanos == stamp.modifiedNanos
                    && changedNanos == stamp.changedNanos
                    && identity.equals(stamp.identity);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(changedNanos) + 31 * identity.hashCode();
        }
    }

    /** The size of a file system, and what is free on it for this user. */
    record Space(long totalBytes, long freeBytes) {}
}
