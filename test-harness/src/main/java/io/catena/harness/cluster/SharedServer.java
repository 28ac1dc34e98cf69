package io.catena.harness.cluster;

import io.catena.harness.sim.SimulatedStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A file server as NFS 4 sees it: each request is executed whole, whenever it arrives; a lock belongs to a client's session and
 * is taken from one that has not been heard of for as long as the server's lease lasts. Such a client's descriptors answer
 * nothing but errors from then on.
 */
final class SharedServer {
    /** How long a client may be silent before its locks can be taken, in ms. */
    static final long LOCK_LEASE_MILLIS = 15_000;

    private final SimulatedStorage storage;
    private final VirtualTime time;

    /** The session that holds the lock of a file, by the file's identity. */
    private final Map<String, Integer> lockByFile = new HashMap<>();

    private final Map<Integer, Long> heardMillisBySession = new HashMap<>();
    private final Set<Integer> expired = new HashSet<>();
    private int sessions;

    SharedServer(VirtualTime time, long seed) {
        this.time = time;
        this.storage = SimulatedStorage.disk(seed);
    }

    Storage storage() {
        return storage;
    }

    int newSession() {
        sessions++;
        hear(sessions);
        return sessions;
    }

    /** Whether the session still counts, which has shown itself. */
    boolean hear(int session) {
        heardMillisBySession.put(session, time.nowMillis());
        return !expired.contains(session);
    }

    String identity(String name) throws IOException {
        int slash = name.lastIndexOf('/');
        Storage.Stamp stamp =
                storage.stamps(slash < 0 ? "" : name.substring(0, slash)).get(name);
        if (stamp == null) {
            throw new java.nio.file.NoSuchFileException(name);
        }
        return stamp.identity();
    }

    /** Returns whether the session has the lock now. */
    boolean lock(String identity, int session) {
        if (expired.contains(session)) {
            return false;
        }
        Integer owner = lockByFile.get(identity);
        if (owner != null && owner != session && !expired.contains(owner)) {
            long silent = time.nowMillis() - heardMillisBySession.getOrDefault(owner, 0L);
            if (silent <= LOCK_LEASE_MILLIS) {
                return false;
            }
            expired.add(owner);
        }
        lockByFile.put(identity, session);
        return true;
    }

    boolean hasLock(String identity, int session) {
        return !expired.contains(session) && Integer.valueOf(session).equals(lockByFile.get(identity));
    }

    void unlock(String identity, int session) {
        lockByFile.remove(identity, session);
    }
}
