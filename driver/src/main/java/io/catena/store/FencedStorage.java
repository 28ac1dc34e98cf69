package io.catena.store;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A storage that is changed only while a {@link Lease} holds.
 *
 * <p>The lease is asked before each change of names, before a file is opened for writing, and before each sync. Bytes that
 * are written in between only meet what was found then: to ask each time would cost as much as the write. Whoever writes
 * metadata syncs the data before and the metadata after, so no metadata is written, and none called durable, unasked.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class FencedStorage extends ForwardingStorage {
    private final Lease lease;

    /** Why nothing may be written any more; null while the lease holds as far as is known. */
    private final AtomicReference<LeaseLostException> lost = new AtomicReference<>();

    public FencedStorage(Storage storage, Lease lease) {
        super(storage);
        this.lease = lease;
        lease.onLost(() -> lost.compareAndSet(null, new LeaseLostException(lease.lossText())));
    }

    /** Asks the lease. */
    void check() throws IOException {
        checkKnown();
        try {
            lease.check();
        } catch (LeaseLostException e) {
            lost.set(e);
            throw e;
        }
    }

    /** Throws if the lease is known to be lost. */
    void checkKnown() throws LeaseLostException {
        LeaseLostException known = lost.get();
        if (known != null) {
            throw new LeaseLostException(String.valueOf(known.getMessage()));
        }
    }

    @Override
    public BlockFile create(String name) throws IOException {
        check();
        return new FencedFile(super.create(name), this);
    }

    @Override
    public BlockFile open(String name) throws IOException {
        check();
        return new FencedFile(super.open(name), this);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        check();
        super.rename(from, to);
    }

    @Override
    public void link(String file, String name) throws IOException {
        check();
        super.link(file, name);
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        check();
        super.makeDirectory(name);
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        check();
        super.removeDirectory(name);
    }

    @Override
    public void delete(String name) throws IOException {
        check();
        super.delete(name);
    }

    @Override
    public void syncNames() throws IOException {
        check();
        super.syncNames();
    }
}
