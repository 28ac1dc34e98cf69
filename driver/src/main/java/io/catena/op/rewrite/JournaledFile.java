package io.catena.op.rewrite;

import io.catena.op.Journal;
import io.catena.op.Rewrite;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;

/** A file whose headers can be rewritten as if at one instant, with the help of a journal beside it. */
public final class JournaledFile {
    private final Storage storage;
    private final String name;
    private final Journal journal;

    public JournaledFile(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.journal = Journal.of(storage, name);
    }

    /** Completes the rewrite that was interrupted; returns whether there was one. */
    public boolean complete() throws IOException {
        return journal.recover().isPresent();
    }

    /**
     * Reads the headers, with no rewrite pending, and makes sure that both footers are valid and no block stands where it
     * must not.
     */
    public ChainFile sound() throws IOException {
        complete();
        ChainFile.vhd(storage, name).openWritable(storage, null).close();
        return ChainFile.vhd(storage, name);
    }

    /** Rewrites the headers. */
    public void rewrite(Rewrite rewrite) throws IOException {
        journal.record(rewrite);
        rewrite.apply(storage);
        journal.forget();
    }
}
