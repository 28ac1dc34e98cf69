package io.catena.harness.smapiv1;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tables of XAPI's database, and its methods upon them that a driver calls: {@code CLASS.get_FIELD}, {@code set_}, {@code
 * add_to_}, {@code remove_from_}, {@code get_record}, {@code get_by_uuid}, {@code get_all_records[_where]}, and those of {@code VDI}
 * that introduce and forget. Fails with XAPI's codes. Safe for use by many threads.
 */
public final class StubDatabase {
    private static final Pattern CONDITION = Pattern.compile("field \"(\\w+)\" = \"([^\"]*)\"");
    private static final List<String> INTRODUCED = List.of(
            "uuid",
            "name_label",
            "name_description",
            "SR",
            "type",
            "sharable",
            "read_only",
            "other_config",
            "location",
            "xenstore_data",
            "sm_config",
            "managed",
            "virtual_size",
            "physical_utilisation",
            "metadata_of_pool",
            "is_a_snapshot",
            "snapshot_time",
            "snapshot_of",
            "cbt_enabled");

    private final Map<String, Map<String, Map<String, XmlRpcValue>>> tables = new TreeMap<>();
    private int lastRef;

    /** That XAPI refuses a call. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient List<String> description;

        Refused(String... description) {
            super(String.join(" ", description));
            this.description = List.of(description);
        }

        List<String> description() {
            return description;
        }
    }

    /** Adds a row; fields and values in turn, values are strings, booleans, or maps of strings. */
    public synchronized void add(String table, String ref, Object... fieldsAndValues) {
        Map<String, XmlRpcValue> row = new TreeMap<>();
        for (int i = 0; i < fieldsAndValues.length; i += 2) {
            row.put((String) fieldsAndValues[i], value(fieldsAndValues[i + 1]));
        }
        rows(table).put(ref, row);
    }

    /** Adds the rows of a host and of an SR, whose references are those that {@link SmDriver} names. */
    public void addHostAndSr(String sr, String type) {
        add("host", "OpaqueRef:host1", "uuid", "aaaaaaaa-0000-4000-8000-000000000001", "other_config", Map.of());
        String ref = "OpaqueRef:sr1";
        add("SR", ref, "uuid", sr, "type", type, "other_config", Map.of(), "sm_config", Map.of());
        set("SR", ref, "virtual_allocation", "0");
        set("SR", ref, "physical_size", "0");
        set("SR", ref, "physical_utilisation", "0");
    }

    private static XmlRpcValue value(Object value) {
        if (value instanceof Boolean flag) {
            return XmlRpcValue.of(flag);
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, String> texts = new LinkedHashMap<>();
            map.forEach((key, text) -> texts.put((String) key, (String) text));
            return XmlRpcValue.of(texts);
        }
        return value instanceof XmlRpcValue ready ? ready : XmlRpcValue.of(value.toString());
    }

    /** Returns the rows of a table by reference, as they are now. */
    public synchronized Map<String, XmlRpcValue> table(String table) {
        Map<String, XmlRpcValue> copy = new LinkedHashMap<>();
        rows(table).forEach((ref, row) -> copy.put(ref, new XmlRpcValue.Struct(row)));
        return copy;
    }

    /** Returns the reference of the row with a UUID. */
    public synchronized String ref(String table, String uuid) {
        return byUuid(table, uuid);
    }

    /** Changes a field. */
    public synchronized void set(String table, String ref, String field, Object value) {
        row(table, ref).put(field, value(value));
    }

    /** Runs a method; {@code arguments} come without the session. */
    synchronized XmlRpcValue call(String table, String method, List<XmlRpcValue> arguments) {
        return switch (method) {
            case "get_all_records" -> records(table, "");
            case "get_all_records_where" -> records(table, arguments.get(0).asText());
            case "get_by_uuid" -> XmlRpcValue.of(byUuid(table, arguments.get(0).asText()));
            case "get_record" ->
                new XmlRpcValue.Struct(row(table, arguments.get(0).asText()));
            case "create" -> create(table, arguments);
            case "db_introduce" -> introduce(arguments);
            case "db_forget", "forget" -> forget(table, arguments.get(0).asText());
            default -> field(table, method, arguments);
        };
    }

    private XmlRpcValue field(String table, String method, List<XmlRpcValue> arguments) {
        String ref = arguments.get(0).asText();
        if (method.startsWith("get_")) {
            return field(table, ref, method.substring(4));
        }
        if (method.startsWith("set_")) {
            String field = method.substring(4);
            field(table, ref, field);
            row(table, ref).put(field, arguments.get(1));
            return XmlRpcValue.of("");
        }
        if (method.startsWith("add_to_")) {
            return addTo(
                    table,
                    ref,
                    method.substring(7),
                    arguments.get(1).asText(),
                    arguments.get(2).asText());
        }
        if (method.startsWith("remove_from_")) {
            return removeFrom(table, ref, method.substring(12), arguments.get(1).asText());
        }
        throw new Refused("MESSAGE_METHOD_UNKNOWN", table + "." + method);
    }

    private XmlRpcValue addTo(String table, String ref, String field, String key, String text) {
        Map<String, XmlRpcValue> map =
                new LinkedHashMap<>(field(table, ref, field).asStruct());
        if (map.containsKey(key)) {
            throw new Refused("MAP_DUPLICATE_KEY", table, field, ref, key);
        }
        map.put(key, XmlRpcValue.of(text));
        row(table, ref).put(field, new XmlRpcValue.Struct(map));
        return XmlRpcValue.of("");
    }

    private XmlRpcValue removeFrom(String table, String ref, String field, String key) {
        Map<String, XmlRpcValue> map =
                new LinkedHashMap<>(field(table, ref, field).asStruct());
        map.remove(key);
        row(table, ref).put(field, new XmlRpcValue.Struct(map));
        return XmlRpcValue.of("");
    }

    /** A task, which is all that drivers create so. */
    private XmlRpcValue create(String table, List<XmlRpcValue> arguments) {
        if (!table.equals("task")) {
            throw new Refused("MESSAGE_METHOD_UNKNOWN", table + ".create");
        }
        lastRef++;
        String ref = "OpaqueRef:task" + lastRef;
        add(
                table,
                ref,
                "name_label",
                arguments.get(0),
                "name_description",
                arguments.get(1),
                "other_config",
                Map.of(),
                "status",
                "pending",
                "progress",
                new XmlRpcValue.Real(0));
        return XmlRpcValue.of(ref);
    }

    private XmlRpcValue introduce(List<XmlRpcValue> arguments) {
        if (arguments.size() != INTRODUCED.size()) {
            throw new Refused("MESSAGE_PARAMETER_COUNT_MISMATCH", "VDI.db_introduce", "" + arguments.size());
        }
        Map<String, XmlRpcValue> row = new TreeMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            row.put(INTRODUCED.get(i), arguments.get(i));
        }
        String uuid = at(row, "uuid").asText();
        checkTypes(row);
        for (Map<String, XmlRpcValue> other : rows("VDI").values()) {
            if (at(other, "uuid").asText().equals(uuid)) {
                throw new Refused("UNIQUENESS_CONSTRAINT_VIOLATION", "VDI", "uuid", uuid);
            }
            if (at(other, "location").equals(row.get("location"))
                    && at(other, "SR").equals(row.get("SR"))) {
                throw new Refused("LOCATION_NOT_UNIQUE", at(row, "SR").asText(), uuid);
            }
        }
        lastRef++;
        String ref = "OpaqueRef:vdi" + lastRef;
        rows("VDI").put(ref, row);
        return XmlRpcValue.of(ref);
    }

    /** XAPI's unmarshaller is strict: sizes are strings, times are times. */
    private static void checkTypes(Map<String, XmlRpcValue> row) {
        Long.parseLong(at(row, "virtual_size").asText());
        Long.parseLong(at(row, "physical_utilisation").asText());
        for (String flag : List.of("sharable", "read_only", "managed", "is_a_snapshot", "cbt_enabled")) {
            at(row, flag).asFlag();
        }
        for (String map : List.of("other_config", "xenstore_data", "sm_config")) {
            at(row, map).asTextMap();
        }
        if (!(at(row, "snapshot_time") instanceof XmlRpcValue.Time)) {
            throw new Refused("FIELD_TYPE_ERROR", "snapshot_time");
        }
    }

    private XmlRpcValue forget(String table, String ref) {
        row(table, ref);
        rows(table).remove(ref);
        return XmlRpcValue.of("");
    }

    private XmlRpcValue records(String table, String condition) {
        Map<String, XmlRpcValue> found = new LinkedHashMap<>();
        rows(table).forEach((ref, row) -> {
            if (matches(row, condition)) {
                found.put(ref, new XmlRpcValue.Struct(row));
            }
        });
        return new XmlRpcValue.Struct(found);
    }

    private static boolean matches(Map<String, XmlRpcValue> row, String condition) {
        Matcher fields = CONDITION.matcher(condition);
        boolean matches = true;
        while (fields.find()) {
            XmlRpcValue value = row.get(fields.group(1));
            matches &= value != null && value.asText().equals(fields.group(2));
        }
        return matches;
    }

    private XmlRpcValue field(String table, String ref, String field) {
        XmlRpcValue value = row(table, ref).get(field);
        if (value == null) {
            throw new Refused("MESSAGE_METHOD_UNKNOWN", table + ".get_" + field);
        }
        return value;
    }

    private static XmlRpcValue at(Map<String, XmlRpcValue> row, String field) {
        return Objects.requireNonNull(row.get(field), field);
    }

    private Map<String, XmlRpcValue> row(String table, String ref) {
        Map<String, XmlRpcValue> row = rows(table).get(ref);
        if (row == null) {
            throw new Refused("HANDLE_INVALID", table, ref);
        }
        return row;
    }

    private String byUuid(String table, String uuid) {
        List<String> found = new ArrayList<>();
        rows(table).forEach((ref, row) -> {
            if (at(row, "uuid").asText().equals(uuid)) {
                found.add(ref);
            }
        });
        if (found.isEmpty()) {
            throw new Refused("UUID_INVALID", table, uuid);
        }
        return found.get(0);
    }

    private Map<String, Map<String, XmlRpcValue>> rows(String table) {
        return tables.computeIfAbsent(table, name -> new LinkedHashMap<>());
    }
}
