package io.catena.harness.smapi;

import static io.catena.harness.smapi.JsonType.BOOL;
import static io.catena.harness.smapi.JsonType.FLOAT;
import static io.catena.harness.smapi.JsonType.INT64;
import static io.catena.harness.smapi.JsonType.STRING;
import static io.catena.harness.smapi.JsonType.UNIT;
import static io.catena.harness.smapi.JsonType.dictionary;
import static io.catena.harness.smapi.JsonType.field;
import static io.catena.harness.smapi.JsonType.list;
import static io.catena.harness.smapi.JsonType.object;
import static io.catena.harness.smapi.JsonType.optional;
import static io.catena.harness.smapi.JsonType.tag;
import static io.catena.harness.smapi.JsonType.tuple;
import static io.catena.harness.smapi.JsonType.variant;

import com.google.gson.JsonElement;
import io.catena.harness.smapi.JsonType.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The methods of the SMAPIv3 interface definition (Plugin 1.0.0, Task 1.0.0, SR, Volume, Datapath and Data 5.0.0). */
public final class SmapiTypes {
    private static final JsonType FAILURE = object(
            field("code", STRING),
            field("params", list(STRING)),
            field(
                    "backtrace",
                    object(field("error", STRING), field("files", list(STRING)), field("lines", list(INT64)))));

    private static final JsonType QUERY = object(
            field("plugin", STRING),
            field("name", STRING),
            field("description", STRING),
            field("vendor", STRING),
            field("copyright", STRING),
            field("version", STRING),
            field("required_api_version", STRING),
            field("features", list(STRING)),
            field("configuration", dictionary()),
            field("required_cluster_stack", list(STRING)));

    private static final JsonType HEALTH = variant(
            tag("Healthy", STRING), tag("Recovering", STRING), tag("Unreachable", STRING), tag("Unavailable", STRING));

    private static final JsonType SR_STAT = object(
            field("sr", STRING),
            field("name", STRING),
            optional("uuid", STRING),
            field("description", STRING),
            field("free_space", INT64),
            field("total_space", INT64),
            field("datasources", list(STRING)),
            field("clustered", BOOL),
            field("health", HEALTH));

    private static final JsonType PROBE_RESULT = object(
            field("configuration", dictionary()),
            field("complete", BOOL),
            optional("sr", SR_STAT),
            field("extra_info", dictionary()));

    private static final JsonType VOLUME = object(
            field("key", STRING),
            optional("uuid", STRING),
            field("name", STRING),
            field("description", STRING),
            field("read_write", BOOL),
            field("sharable", BOOL),
            field("virtual_size", INT64),
            field("physical_utilisation", INT64),
            field("uri", list(STRING)),
            field("keys", dictionary()),
            optional("volume_type", variant(tag("Data"), tag("CBT_Metadata"), tag("Data_and_CBT_Metadata"))),
            optional("cbt_enabled", BOOL));

    private static final JsonType BLOCK_LIST =
            object(field("blocksize", INT64), field("ranges", list(tuple(INT64, INT64))));

    private static final JsonType BACKEND = object(field(
            "implementations",
            list(variant(
                    tag(
                            "XenDisk",
                            object(
                                    field("params", STRING),
                                    field("extra", dictionary()),
                                    field("backend_type", STRING))),
                    tag("BlockDevice", object(field("path", STRING))),
                    tag("File", object(field("path", STRING))),
                    tag("Nbd", object(field("uri", STRING)))))));

    private static final JsonType OPERATION = variant(tag("MirrorV1", STRING), tag("CopyV1", STRING));

    private static final JsonType TASK = object(
            field("id", STRING),
            field("debug_info", STRING),
            field("ctime", FLOAT),
            field(
                    "state",
                    variant(
                            tag("Pending", FLOAT),
                            tag(
                                    "Completed",
                                    object(
                                            field("duration", FLOAT),
                                            optional("result", variant(tag("UnitResult"), tag("Volume", VOLUME))))),
                            tag("Failed", STRING))));

    private static final Field SR = field("sr", STRING);
    private static final Field KEY = field("key", STRING);
    private static final Field KEY2 = field("key2", STRING);
    private static final Field URI = field("uri", STRING);
    private static final Field DOMAIN = field("domain", STRING);

    private static final Map<String, Method> METHODS = methods();

    private SmapiTypes() {}

    /** A method's arguments and result. */
    private record Method(JsonType arguments, JsonType result) {}

    /** Says what is wrong with a method's arguments; nothing if they are well typed. */
    public static Optional<String> inArguments(String method, JsonElement arguments) {
        return find(method).arguments().problem(arguments, method);
    }

    /** Says what is wrong with a method's result; nothing if it is well typed. */
    public static Optional<String> inResult(String method, JsonElement result) {
        return find(method).result().problem(result, method);
    }

    /** Says what is wrong with a failure. */
    public static Optional<String> inFailure(JsonElement failure) {
        return FAILURE.problem(failure, "failure");
    }

    private static Method find(String method) {
        return Objects.requireNonNull(METHODS.get(method.toLowerCase(Locale.ROOT)), method);
    }

    private static Map<String, Method> methods() {
        Map<String, Method> all = new HashMap<>();
        plugin(all);
        sr(all);
        volume(all);
        datapath(all);
        data(all);
        return all;
    }

    private static void plugin(Map<String, Method> all) {
        add(all, "Plugin.query", QUERY);
        add(all, "Plugin.ls", list(STRING));
        add(all, "Plugin.diagnostics", STRING);
    }

    private static void sr(Map<String, Method> all) {
        Field configuration = field("configuration", dictionary());
        Field name = field("name", STRING);
        Field description = field("description", STRING);
        add(all, "SR.probe", list(PROBE_RESULT), configuration);
        add(all, "SR.create", dictionary(), field("uuid", STRING), configuration, name, description);
        add(all, "SR.attach", STRING, configuration);
        add(all, "SR.detach", UNIT, SR);
        add(all, "SR.destroy", UNIT, SR);
        add(all, "SR.stat", SR_STAT, SR);
        add(all, "SR.set_name", UNIT, SR, field("new_name", STRING));
        add(all, "SR.set_description", UNIT, SR, field("new_description", STRING));
        add(all, "SR.ls", list(VOLUME), SR);
    }

    private static void volume(Map<String, Method> all) {
        add(
                all,
                "Volume.create",
                VOLUME,
                SR,
                field("name", STRING),
                field("description", STRING),
                field("size", INT64),
                field("sharable", BOOL));
        add(all, "Volume.snapshot", VOLUME, SR, KEY);
        add(all, "Volume.clone", VOLUME, SR, KEY);
        add(all, "Volume.copy", VOLUME, SR, KEY, field("dest_sr", STRING));
        add(all, "Volume.destroy", UNIT, SR, KEY);
        add(all, "Volume.revert", UNIT, SR, field("snapshot", STRING), KEY);
        add(all, "Volume.set_name", UNIT, SR, KEY, field("new_name", STRING));
        add(all, "Volume.set_description", UNIT, SR, KEY, field("new_description", STRING));
        add(all, "Volume.set", UNIT, SR, KEY, field("k", STRING), field("v", STRING));
        add(all, "Volume.unset", UNIT, SR, KEY, field("k", STRING));
        add(all, "Volume.resize", UNIT, SR, KEY, field("new_size", INT64));
        add(all, "Volume.stat", VOLUME, SR, KEY);
        add(all, "Volume.compare", BLOCK_LIST, SR, KEY, KEY2);
        add(all, "Volume.similar_content", list(STRING), SR, KEY);
        add(all, "Volume.enable_cbt", UNIT, SR, KEY);
        add(all, "Volume.disable_cbt", UNIT, SR, KEY);
        add(all, "Volume.data_destroy", UNIT, SR, KEY);
        add(
                all,
                "Volume.list_changed_blocks",
                object(field("granularity", INT64), field("bitmap", STRING)),
                SR,
                KEY,
                KEY2,
                field("offset", INT64),
                field("length", INT64));
        add(all, "Volume.compose", UNIT, SR, KEY, KEY2);
    }

    private static void datapath(Map<String, Method> all) {
        add(all, "Datapath.open", UNIT, URI, field("persistent", BOOL));
        add(all, "Datapath.attach", BACKEND, URI, DOMAIN);
        add(all, "Datapath.activate", UNIT, URI, DOMAIN);
        add(all, "Datapath.activate_readonly", UNIT, URI, DOMAIN);
        add(all, "Datapath.deactivate", UNIT, URI, DOMAIN);
        add(all, "Datapath.detach", UNIT, URI, DOMAIN);
        add(all, "Datapath.close", UNIT, URI);
        add(all, "Datapath.import_activate", STRING, URI, DOMAIN);
    }

    private static void data(Map<String, Method> all) {
        Field remote = field("remote", STRING);
        Field operation = field("operation", OPERATION);
        add(all, "Data.mirror", OPERATION, URI, DOMAIN, remote);
        add(all, "Data.copy", OPERATION, URI, DOMAIN, remote, field("blocklist", BLOCK_LIST));
        JsonType status = object(field("failed", BOOL), field("complete", BOOL), optional("progress", FLOAT));
        add(all, "Data.stat", status, operation);
        add(all, "Data.cancel", UNIT, operation);
        add(all, "Data.destroy", UNIT, operation);
        add(all, "Data.ls", list(OPERATION));
        add(all, "Task.stat", TASK, field("id", STRING));
        add(all, "Task.ls", list(STRING));
    }

    private static void add(Map<String, Method> all, String name, JsonType result, Field... arguments) {
        List<Field> fields = new ArrayList<>(List.of(arguments));
        fields.add(field("dbg", STRING));
        all.put(name.toLowerCase(Locale.ROOT), new Method(object(fields.toArray(Field[]::new)), result));
    }
}
