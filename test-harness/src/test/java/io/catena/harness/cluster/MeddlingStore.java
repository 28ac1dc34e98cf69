package io.catena.harness.cluster;

import io.catena.lease.Entry;
import io.catena.lease.LeaseStore;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Lets something else happen just before or after a record is written, or just before a note is written or read. */
final class MeddlingStore implements LeaseStore {
    private final LeaseStore store;
    Meddling beforeReplace = () -> {};
    Meddling afterReplace = () -> {};
    Meddling beforeNote = () -> {};
    Meddling beforeLook = () -> {};

    MeddlingStore(LeaseStore store) {
        this.store = store;
    }

    /** What happens. */
    interface Meddling {
        void happen() throws IOException;
    }

    @Override
    public Optional<Entry> read(String key) throws IOException {
        return store.read(key);
    }

    @Override
    public List<Entry> list(String prefix) throws IOException {
        return store.list(prefix);
    }

    @Override
    public Optional<Entry> replace(String key, @Nullable Entry old, String value) throws IOException {
        beforeReplace.happen();
        Optional<Entry> written = store.replace(key, old, value);
        afterReplace.happen();
        return written;
    }

    @Override
    public List<Entry> superseded(Collection<Entry> entries) throws IOException {
        return store.superseded(entries);
    }

    @Override
    public Optional<String> note(String key) throws IOException {
        beforeLook.happen();
        return store.note(key);
    }

    @Override
    public SortedMap<String, String> notes(String prefix) throws IOException {
        return store.notes(prefix);
    }

    @Override
    public void writeNote(String key, String value) throws IOException {
        beforeNote.happen();
        store.writeNote(key, value);
    }

    @Override
    public void removeNote(String key) throws IOException {
        store.removeNote(key);
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
