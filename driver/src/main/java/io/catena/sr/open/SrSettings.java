package io.catena.sr.open;

import io.catena.api.SrChange;
import io.catena.api.SrId;
import io.catena.sr.record.SrRecord;
import io.catena.sr.tree.ChainBudget;
import io.catena.store.Storage;
import java.io.IOException;

/**
 * What an attached SR says of itself, as it is now.
 *
 * <p><b>Threads.</b> {@link #change} is to be called under the SR's tree lock; the rest by any thread.
 */
public final class SrSettings {
    private final Storage storage;

    /** Replaced whole, after it was written. */
    private volatile SrRecord record;

    SrSettings(Storage storage, SrRecord record) {
        this.storage = storage;
        this.record = record;
    }

    public SrRecord now() {
        return record;
    }

    /** Returns the SR's id, which never changes. */
    public SrId id() {
        return record.srId();
    }

    public String name() {
        return record.name();
    }

    public ChainBudget chainBudget() {
        return ChainBudget.of(record);
    }

    public void change(SrChange change) throws IOException {
        SrRecord changed = record.with(change);
        changed.write(storage);
        record = changed;
    }
}
