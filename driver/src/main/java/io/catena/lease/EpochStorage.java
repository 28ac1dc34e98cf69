package io.catena.lease;

import io.catena.store.BlockFile;
import io.catena.store.ForwardingStorage;
import io.catena.store.NotConfinedException;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The names of an SR that many hosts share, changed in such a way that a change which comes late fails.
 *
 * <p>A file server executes a rename, a link or a delete whenever it arrives, and asks nobody whether that is still wanted.
 * But each needs the directories that it names. So every change has one end in {@code .catena/epoch/E/}, where E is the epoch
 * of who may change names; who takes over removes that directory (see {@link EpochFence}), and what comes later fails, on
 * any file system.
 *
 * <p>A file that has both an old and a new name for a moment was being renamed: whoever recovers does the rename again.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class EpochStorage extends ForwardingStorage {
    private final Storage storage;
    private final LongSupplier epoch;
    private final AtomicLong passages = new AtomicLong();

    /**
     * @param epoch of the grant under which names are changed; its directory was made by {@link EpochFence}
     */
    public EpochStorage(Storage storage, long epoch) {
        this(storage, () -> epoch);
    }

    /**
     * As the other constructor does.
     *
     * @param epoch gives the epoch that names are changed under now
     */
    public EpochStorage(Storage storage, LongSupplier epoch) {
        super(storage);
        this.storage = storage;
        this.epoch = epoch;
    }

    /** Returns a name in the epoch's directory that was not used before. */
    private String passage() {
        return EpochFence.directory(epoch.getAsLong()) + "/" + passages.incrementAndGet();
    }

    /**
     * Creates a file.
     *
     * <ol>
     *   <li>Make it in the epoch's directory.
     *   <li>Link it to its name, unless there is such a file.
     *   <li>Remove its first name.
     * </ol>
     */
    @Override
    public BlockFile create(String name) throws IOException {
        String passage = passage();
        BlockFile file = storage.create(passage);
        try {
            storage.link(passage, name);
            storage.delete(passage);
            return file;
        } catch (IOException e) {
            file.close();
            deleteAfter(e, passage);
            throw e;
        }
    }

    private void deleteAfter(IOException reason, String name) {
        try {
            storage.delete(name);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /**
     * Renames a file.
     *
     * <ol>
     *   <li>Link it into the epoch's directory.
     *   <li>Rename that link: the new name means the file, and meant another or none before, at one instant.
     *   <li>If it had this name already, the rename did nothing: remove the link.
     *   <li>Move the old name into the epoch's directory, and remove it there.
     * </ol>
     */
    @Override
    public void rename(String from, String to) throws IOException {
        String passage = passage();
        storage.link(from, passage);
        storage.rename(passage, to);
        storage.delete(passage);
        String old = passage();
        storage.rename(from, old);
        storage.delete(old);
    }

    @Override
    public void link(String file, String name) throws IOException {
        String passage = passage();
        storage.link(file, passage);
        try {
            storage.link(passage, name);
        } finally {
            storage.delete(passage);
        }
    }

    /** Moves the file into the epoch's directory, and removes it there. */
    @Override
    public void delete(String name) throws IOException {
        if (!isThere(name)) {
            storage.directories(name); // which refuses what lies outside
            return;
        }
        String passage = passage();
        storage.rename(name, passage);
        storage.delete(passage);
    }

    private boolean isThere(String name) throws IOException {
        try {
            return storage.exists(name);
        } catch (NotConfinedException e) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" lies outside of the storage, where nothing is changed", e);
        }
    }
}
