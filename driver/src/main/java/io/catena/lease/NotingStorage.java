package io.catena.lease;

import io.catena.store.BlockFile;
import io.catena.store.ForwardingStorage;
import io.catena.store.Storage;
import io.catena.store.StorageLock;
import io.catena.store.StorageLockedException;
import java.io.IOException;

/**
 * A storage whose owner says in {@link WrittenFiles} what it is going to write. Not noted are the SR's own small files, which
 * are only ever replaced whole.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class NotingStorage extends ForwardingStorage {
    private static final String OWN = ".catena/";

    private final Storage storage;
    private final WrittenFiles written;
    private final boolean takenOver;

    /** As the other constructor, for an SR that was nobody's. */
    public NotingStorage(Storage storage, WrittenFiles written) {
        this(storage, written, false);
    }

    /**
     * Notes what is written.
     *
     * @param takenOver whether the former owner is kept out in other ways: it may hold the lock of the directory still
     */
    public NotingStorage(Storage storage, WrittenFiles written, boolean takenOver) {
        super(storage);
        this.storage = storage;
        this.written = written;
        this.takenOver = takenOver;
    }

    private void note(String name) throws IOException {
        if (!name.startsWith(OWN)) {
            written.add(name);
        }
    }

    @Override
    public BlockFile create(String name) throws IOException {
        note(name);
        return storage.create(name);
    }

    @Override
    public BlockFile open(String name) throws IOException {
        note(name);
        return storage.open(name);
    }

    /** Whoever has it open goes on writing it under its new name. */
    @Override
    public void rename(String from, String to) throws IOException {
        if (written.contains(from) || from.startsWith(OWN)) {
            note(to);
        }
        storage.rename(from, to);
    }

    @Override
    public void link(String file, String name) throws IOException {
        if (written.contains(file)) {
            note(name);
        }
        storage.link(file, name);
    }

    /** Against agents that know nothing of other hosts. */
    @Override
    public StorageLock lock(String name) throws IOException {
        try {
            return storage.lock(name);
        } catch (StorageLockedException e) {
            if (takenOver) {
                return new HeldByTheDead();
            }
            throw e;
        }
    }

    /** The lock that a dead host still has: what this host may do is told by its lease of the tree. */
    private static final class HeldByTheDead implements StorageLock {
        @Override
        public long epoch() {
            return 0;
        }

        @Override
        public void check() {}

        @Override
        public void onLost(Runnable told) {}

        @Override
        public void close() {}
    }
}
