package io.catena.op;

import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import io.catena.store.StoredText;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Keeps programs that change single files away from a directory that an agent works on, and the agent from theirs. */
public final class OfflineAccess {
    /** There while an agent has the SR, or one that had it did not let go of it in order. */
    public static final String SESSION = ".catena/session.json";

    /** One for each redo log that there is, named by its id: the name of the log's file. */
    public static final String OPEN_LOGS = ".catena/open";

    /** Makes a directory an SR. */
    public static final String SR_RECORD = ".catena/sr.json";

    /** Held by whoever works on the SR. */
    public static final String LOCK = ".catena/lock";

    /** Notes of how far garbage collection got; they hold as long as it alone changes the files. */
    public static final String PUSH_DOWNS = ".catena/push-down";

    private OfflineAccess() {}

    /**
     * Takes the SR's lock if the directory is an SR; else there is nothing to take. Call before a file is changed, and
     * close what is returned afterwards.
     *
     * @throws StorageLockedException if an agent has the SR attached, or died while it had it and recovery is still to
     *     come: some of what guests were told is written may not be in the files then
     */
    public static Closeable take(Storage storage) throws IOException {
        if (!storage.exists(SR_RECORD)) {
            return () -> {};
        }
        Closeable lock = lock(storage);
        try {
            refuseIfUnrecovered(storage, SESSION, "its agent did not end in order");
            refuseIfUnrecovered(storage, Journal.FILE, "an operation was interrupted");
            forgetPushDowns(storage);
            return lock;
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Makes sure that files hold all that was written to them, or that nobody writes down the rest. Who has a file open for writing now is
     * seen by that; this is about agents that died.
     *
     * @throws StorageLockedException if an agent did not end in order, and a redo log of one of the files was left
     */
    public static void checkAreWhole(Storage storage, Collection<String> names) throws IOException {
        Optional<LeftLog> left = leftLog(storage, names);
        if (left.isPresent()) {
            throw new StorageLockedException(left.get().file()
                    + ": the agent that wrote it did not end in order, and what it wrote"
                    + " last may be in its redo log only (found " + left.get().note()
                    + "); attach and detach the SR first. If"
                    + " the log is lost, read a copy of the file in another directory");
        }
    }

    /** As {@link #checkAreWhole}; returns whether it is so. */
    public static boolean isWhole(Storage storage, String name) throws IOException {
        return leftLog(storage, List.of(name)).isEmpty();
    }

    /** A redo log of a file that an agent left. */
    private record LeftLog(String file, String note) {}

    private static Optional<LeftLog> leftLog(Storage storage, Collection<String> names) throws IOException {
        if (!storage.exists(SESSION)) {
            return Optional.empty();
        }
        for (String note : storage.list(OPEN_LOGS)) {
            String name = StoredText.readSmall(storage, note).orElse("");
            if (names.contains(name)) {
                return Optional.of(new LeftLog(name, note));
            }
        }
        return Optional.empty();
    }

    /** Durably, before anything is changed. */
    private static void forgetPushDowns(Storage storage) throws IOException {
        List<String> notes = storage.list(PUSH_DOWNS);
        for (String note : notes) {
            storage.delete(note);
        }
        if (!notes.isEmpty()) {
            storage.syncNames();
        }
    }

    private static Closeable lock(Storage storage) throws IOException {
        try {
            return storage.lock(LOCK);
        } catch (StorageLockedException e) {
            throw new StorageLockedException(
                    "the directory is an SR that is attached: " + e.getMessage() + "; detach the SR first");
        }
    }

    private static void refuseIfUnrecovered(Storage storage, String sign, String what) throws IOException {
        if (storage.exists(sign)) {
            throw new StorageLockedException("the directory is an SR that needs recovery, " + what + " (found " + sign
                    + "); attach and detach the SR first");
        }
    }
}
