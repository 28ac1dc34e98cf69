package io.catena.sr;

import io.catena.api.SrChange;
import io.catena.api.SrId;
import io.catena.store.Storage;
import java.io.IOException;

/**
 * What an attached SR says of itself, as it is now.
 *
 * <p><b>Threads.</b> {@link #change} is to be called under the SR's tree lock; the rest by any thread.
 */
final class SrSettings {
    private final Storage storage;

    /** Replaced whole, after it was written. */
    private volatile SrRecord record;

    SrSettings(Storage storage, SrRecord record) {
        this.storage = storage;
        this.record = record;
    }

    SrRecord now() {
        return record;
    }

    /** Returns the SR's id, which never changes. */
    SrId id() {
        return record.srId();
    }

    String name() {
        return record.name();
    }

    ChainBudget chainBudget() {
        return ChainBudget.of(record);
    }

    void change(SrChange change) throws IOException {
        SrRecord changed = record.with(change);
        changed.write(storage);
        record = changed;
    }
}
