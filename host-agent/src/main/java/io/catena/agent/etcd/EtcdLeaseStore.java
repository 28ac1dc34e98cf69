package io.catena.agent.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.api.SrId;
import io.catena.lease.Entry;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records and notes in etcd, below {@code /catena/v1/SR/}. A record's version is the revision of the cluster in which
 * it was changed last.
 *
 * <p>Whether a host lives is told from its note here, too, by the clocks of those who look, and not by a lease of etcd's: so
 * there is one rule for all stores, and nothing depends on when etcd thinks that a lease has run out.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class EtcdLeaseStore implements LeaseStore {
    private static final String RANGE = "/v3/kv/range";
    private static final String PUT = "/v3/kv/put";
    private static final String DELETE = "/v3/kv/deleterange";
    private static final String TRANSACTION = "/v3/kv/txn";
    private static final String RECORDS = "records/";
    private static final String NOTES = "notes/";

    private final EtcdClient client;
    private final String root;

    public EtcdLeaseStore(EtcdEndpoints endpoints, SrId sr) {
        client = new EtcdClient(endpoints);
        root = "/catena/v1/" + sr + "/";
    }

    @Override
    public Optional<Entry> read(String key) throws IOException {
        return get(RECORDS + LeaseKeys.check(key)).map(found -> entry(found));
    }

    private Optional<JsonObject> get(String key) throws IOException {
        List<JsonObject> found = found(client.ask(RANGE, keyed(key)));
        return found.isEmpty() ? Optional.empty() : Optional.of(found.get(0));
    }

    private JsonObject keyed(String key) {
        JsonObject body = new JsonObject();
        body.addProperty("key", encode(root + key));
        return body;
    }

    private JsonObject startingWith(String prefix) {
        JsonObject body = keyed(prefix);
        String from = root + prefix;
        // The end of a range is excluded: the text whose last letter is the next one.
        char next = (char) (from.charAt(from.length() - 1) + 1);
        body.addProperty("range_end", encode(from.substring(0, from.length() - 1) + next));
        body.addProperty("sort_target", "KEY");
        return body;
    }

    private static List<JsonObject> found(JsonObject answer) {
        List<JsonObject> found = new ArrayList<>();
        JsonArray values = answer.getAsJsonArray("kvs");
        if (values != null) {
            for (JsonElement value : values) {
                found.add(value.getAsJsonObject());
            }
        }
        return found;
    }

    private Entry entry(JsonObject found) {
        String key = text(found, "key").substring((root + RECORDS).length());
        return new Entry(key, text(found, "value"), revision(found));
    }

    private static long revision(JsonObject found) {
        return found.get("mod_revision").getAsLong();
    }

    @Override
    public List<Entry> list(String prefix) throws IOException {
        return found(client.ask(RANGE, startingWith(RECORDS + prefix))).stream()
                .map(this::entry)
                .collect(Collectors.toList());
    }

    @Override
    public Optional<Entry> replace(String key, @Nullable Entry old, String value) throws IOException {
        JsonObject unchanged = keyed(RECORDS + LeaseKeys.check(key));
        unchanged.addProperty("target", "MOD");
        unchanged.addProperty("result", "EQUAL");
        // A key that is not there has the revision 0.
        unchanged.addProperty("mod_revision", Long.toString(old == null ? 0 : old.version()));
        JsonObject put = new JsonObject();
        put.add("request_put", valued(RECORDS + key, value));
        JsonObject transaction = new JsonObject();
        transaction.add("compare", array(unchanged));
        transaction.add("success", array(put));
        JsonObject answer = client.askOnce(TRANSACTION, transaction);
        if (!answer.has("succeeded") || !answer.get("succeeded").getAsBoolean()) {
            return Optional.empty();
        }
        return Optional.of(new Entry(
                key, value, answer.getAsJsonObject("header").get("revision").getAsLong()));
    }

    private JsonObject valued(String key, String value) {
        JsonObject body = keyed(key);
        body.addProperty("value", encode(value));
        return body;
    }

    private static JsonArray array(JsonElement element) {
        JsonArray array = new JsonArray();
        array.add(element);
        return array;
    }

    /** One question for all, without their values. */
    @Override
    public List<Entry> superseded(Collection<Entry> entries) throws IOException {
        if (entries.isEmpty()) {
            return List.of();
        }
        JsonObject range = startingWith(RECORDS);
        range.addProperty("keys_only", true);
        Map<String, Long> versions = new TreeMap<>();
        for (JsonObject found : found(client.ask(RANGE, range))) {
            Entry entry = entry(found);
            versions.put(entry.key(), entry.version());
        }
        return entries.stream()
                .filter(entry -> versions.getOrDefault(entry.key(), 0L) != entry.version())
                .collect(Collectors.toList());
    }

    @Override
    public Optional<String> note(String key) throws IOException {
        return get(NOTES + LeaseKeys.check(key)).map(found -> text(found, "value"));
    }

    @Override
    public SortedMap<String, String> notes(String prefix) throws IOException {
        SortedMap<String, String> notes = new TreeMap<>();
        for (JsonObject found : found(client.ask(RANGE, startingWith(NOTES + prefix)))) {
            notes.put(text(found, "key").substring((root + NOTES).length()), text(found, "value"));
        }
        return notes;
    }

    @Override
    public void writeNote(String key, String value) throws IOException {
        client.ask(PUT, valued(NOTES + LeaseKeys.check(key), value));
    }

    @Override
    public void removeNote(String key) throws IOException {
        client.ask(DELETE, keyed(NOTES + LeaseKeys.check(key)));
    }

    /** Does nothing: connections that nobody uses end by themselves. */
    @Override
    public void close() {}

    private static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    private static String text(JsonObject found, String member) {
        return found.has(member)
                ? new String(Base64.getDecoder().decode(found.get(member).getAsString()), UTF_8)
                : "";
    }
}
