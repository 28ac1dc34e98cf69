package io.catena.harness.cluster;

import io.catena.lease.Entry;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** A store as one host sees it, which may be kept from seeing something. */
final class FaultyLeaseStore implements LeaseStore {
    private final LeaseStore store;
    private final SimulatedLink link;
    private final ClusterPlan plan;
    private final boolean isService;

    /** The notes as they were read before something was claimed. */
    private final Map<String, Optional<String>> notesBefore = new HashMap<>();

    private boolean claimed;

    private Runnable beforeReplace = () -> {};

    /**
     * @param isService whether each request must travel; files do so by themselves
     */
    FaultyLeaseStore(LeaseStore store, SimulatedLink link, ClusterPlan plan, boolean isService) {
        this.store = store;
        this.link = link;
        this.plan = plan;
        this.isService = isService;
    }

    /** Lets something happen, once, when this host is about to change a record. */
    void beforeReplace(Runnable once) {
        beforeReplace = once;
    }

    private <T> T ask(SimulatedLink.Request<T> request) throws IOException {
        return isService ? link.call(request) : request.execute();
    }

    @Override
    public Optional<Entry> read(String key) throws IOException {
        return ask(() -> store.read(key));
    }

    @Override
    public List<Entry> list(String prefix) throws IOException {
        return ask(() -> store.list(prefix));
    }

    @Override
    public Optional<Entry> replace(String key, @Nullable Entry old, String value) throws IOException {
        Runnable now = beforeReplace;
        beforeReplace = () -> {};
        now.run();
        Optional<Entry> written = ask(() -> store.replace(key, old, value));
        claimed = true;
        return written;
    }

    @Override
    public List<Entry> superseded(Collection<Entry> entries) throws IOException {
        if (plan.leaves(ClusterPlan.Omission.LOOK_AT_RENEWAL)) {
            return List.of();
        }
        return ask(() -> store.superseded(entries));
    }

    @Override
    public Optional<String> note(String key) throws IOException {
        if (plan.leaves(ClusterPlan.Omission.LOOK_AFTER_CLAIM) && claimed && notesBefore.containsKey(key)) {
            claimed = false;
            return notesBefore.getOrDefault(key, Optional.empty());
        }
        Optional<String> note = ask(() -> store.note(key));
        if (note.isEmpty() && plan.leaves(ClusterPlan.Omission.WAIT_WITHOUT_NOTE) && isOfHost(key)) {
            note = Optional.of("as if there were one that does not change");
        }
        notesBefore.put(key, note);
        return note;
    }

    private static boolean isOfHost(String key) {
        return key.startsWith(LeaseKeys.HOSTS);
    }

    @Override
    public SortedMap<String, String> notes(String prefix) throws IOException {
        return ask(() -> store.notes(prefix));
    }

    @Override
    public void writeNote(String key, String value) throws IOException {
        ask(() -> {
            store.writeNote(key, value);
            return key;
        });
    }

    @Override
    public void removeNote(String key) throws IOException {
        ask(() -> {
            store.removeNote(key);
            return key;
        });
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
