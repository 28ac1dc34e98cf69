package io.catena.harness.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.lease.Entry;
import io.catena.lease.LeaseStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What every {@link LeaseStore} must do. */
public abstract class LeaseStoreContract {
    /** Returns a way to the store under test, which is empty at first; each time as another host would reach it. */
    protected abstract LeaseStore host() throws Exception;

    @Test
    void whatWasNeverWrittenIsNotThere() throws Exception {
        LeaseStore store = host();
        assertThat(store.read("tree")).isEmpty();
        assertThat(store.list("")).isEmpty();
        assertThat(store.note("hosts/a/b")).isEmpty();
        assertThat(store.notes("hosts/")).isEmpty();
        store.removeNote("hosts/a/b");
    }

    @Test
    void anotherHostReadsWhatWasWritten() throws Exception {
        LeaseStore other = host();
        assertThat(other.read("vdi/1")).isEmpty();
        Entry written = create(host(), "vdi/1", "{\"text\":\"ü\"}");
        assertThat(other.read("vdi/1")).contains(written);
        assertThat(written.value()).isEqualTo("{\"text\":\"ü\"}");
        assertThat(written.version()).isPositive();
    }

    @Test
    void onlyWhoHasReadTheNewestChangesIt() throws Exception {
        LeaseStore a = host();
        LeaseStore b = host();
        Entry first = create(a, "tree", "1");
        Entry second = b.replace("tree", first, "2").orElseThrow();
        assertThat(a.replace("tree", first, "3")).isEmpty();
        assertThat(a.replace("tree", null, "3")).isEmpty();
        assertThat(a.read("tree")).contains(second);
        assertThat(a.replace("tree", second, "3")).isPresent();
    }

    @Test
    void versionsOnlyGrow() throws Exception {
        LeaseStore store = host();
        Entry newest = create(store, "tree", "0");
        List<Entry> older = new ArrayList<>();
        for (int i = 1; i < 20; i++) {
            older.add(newest);
            Entry next = store.replace("tree", newest, "" + i).orElseThrow();
            assertThat(next.version()).isGreaterThan(newest.version());
            newest = next;
        }
        for (Entry old : older) {
            assertThat(host().replace("tree", old, "late")).isEmpty();
        }
        assertThat(host().replace("tree", null, "late")).isEmpty();
        assertThat(host().read("tree")).contains(newest);
    }

    @Test
    void recordsAreListedByTheBeginningOfTheirKeys() throws Exception {
        LeaseStore store = host();
        Entry tree = create(store, "tree", "t");
        Entry two = create(store, "vdi/2", "2");
        Entry one = create(store, "vdi/1", "1");
        assertThat(host().list("vdi/")).containsExactly(one, two);
        assertThat(host().list("")).containsExactly(tree, one, two);
    }

    @Test
    void whatOthersHaveChangedIsSuperseded() throws Exception {
        LeaseStore store = host();
        Entry one = create(store, "vdi/1", "1");
        Entry two = create(store, "vdi/2", "2");
        assertThat(store.superseded(List.of())).isEmpty();
        assertThat(store.superseded(List.of(one, two))).isEmpty();
        assertThat(host().replace("vdi/2", two, "3")).isPresent();
        assertThat(store.superseded(List.of(one, two))).containsExactly(two);
    }

    @Test
    void notesAreWrittenOver() throws Exception {
        LeaseStore store = host();
        LeaseStore other = host();
        store.writeNote("hosts/a/1", "a long note, longer than the next");
        store.writeNote("hosts/a/1", "short");
        store.writeNote("hosts/b/1", "b");
        store.writeNote("pins/a/1", "pin");
        assertThat(other.note("hosts/a/1")).contains("short");
        assertThat(other.notes("hosts/"))
                .containsExactly(java.util.Map.entry("hosts/a/1", "short"), java.util.Map.entry("hosts/b/1", "b"));
        assertThat(other.notes("hosts/b/")).containsOnlyKeys("hosts/b/1");
        store.removeNote("hosts/a/1");
        assertThat(other.note("hosts/a/1")).isEmpty();
    }

    @Test
    void whatIsNoKeyIsRefused() throws Exception {
        LeaseStore store = host();
        for (String key : new String[] {"", "/", "../x", "a//b", "A", "a_b", "a.1"}) {
            assertThatThrownBy(() -> store.replace(key, null, "")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.writeNote(key, "")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Counts up to a number, by many hosts at once: none is left out, and none given twice. */
    @Test
    void ofManyAtOnceOneWins() throws Exception {
        int hosts = 4;
        int each = 10;
        AtomicInteger unknown = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(hosts);
        try {
            List<Callable<List<Integer>>> counters = new ArrayList<>();
            for (int i = 0; i < hosts; i++) {
                LeaseStore store = host();
                counters.add(() -> countUp(store, each, unknown));
            }
            List<Integer> all = new ArrayList<>();
            for (Future<List<Integer>> done : threads.invokeAll(counters)) {
                all.addAll(done.get());
            }
            assertThat(all).hasSize(hosts * each).doesNotHaveDuplicates();
            int counted = Integer.parseInt(host().read("tree").orElseThrow().value());
            assertThat(counted).isBetween(hosts * each, hosts * each + unknown.get());
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<Integer> countUp(LeaseStore store, int times, AtomicInteger unknown) throws IOException {
        List<Integer> mine = new ArrayList<>();
        while (mine.size() < times) {
            Optional<Entry> old = store.read("tree");
            int next = old.map(entry -> Integer.parseInt(entry.value())).orElse(0) + 1;
            try {
                if (store.replace("tree", old.orElse(null), "" + next).isPresent()) {
                    mine.add(next);
                }
            } catch (IOException e) {
                unknown.incrementAndGet();
            }
        }
        return mine;
    }

    private static Entry create(LeaseStore store, String key, String value) throws IOException {
        return store.replace(key, null, value).orElseThrow();
    }
}
