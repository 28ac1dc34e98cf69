package io.catena.agent.json;

import com.google.gson.FieldNamingStrategy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import io.catena.agent.remedy.ApiWords;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.Sr;
import io.catena.api.SrCheck;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import java.io.IOException;
import java.lang.reflect.Field;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Values as JSON: records become objects, what is null is left out, ids are strings under the name of what they identify
 * ("sr", "vdi", "job"), instants are ISO 8601, states are in lower case, access modes are "ro" and "rw".
 *
 * <p>Reading is strict: no comments, no unquoted names, nothing after the end.
 */
public final class Json {
    private static final Map<Class<?>, String> NAME_OF_ID =
            Map.of(Sr.class, "sr", Job.class, "job", TreeNode.class, "vdi");

    /** In the words of the command line. */
    private static final Gson GSON = gson(CommandWords::of);

    private static final Gson OF_API = gson(ApiWords::of);

    private Json() {}

    /**
     * @param words says what to do about something as the readers of the JSON do it
     */
    private static Gson gson(Function<Advice, String> words) {
        return new GsonBuilder()
                .setStrictness(Strictness.STRICT)
                .disableHtmlEscaping()
                .setFieldNamingStrategy(new IdNames())
                .registerTypeAdapter(SrId.class, new Text<>(SrId::toString, SrId::parse))
                .registerTypeAdapter(VdiId.class, new Text<>(VdiId::toString, VdiId::parse))
                .registerTypeAdapter(Instant.class, new Text<>(Instant::toString, Instant::parse))
                .registerTypeAdapter(ExportKind.class, new Text<>(ExportKind::symbol, ExportKind::of))
                .registerTypeAdapter(AccessMode.class, symbols(AccessMode.values(), AccessMode::symbol))
                .registerTypeAdapter(Vdi.State.class, symbols(Vdi.State.values(), Json::lowerCase))
                .registerTypeAdapter(SrCheck.Kind.class, symbols(SrCheck.Kind.values(), Json::lowerCase))
                .registerTypeAdapter(SrHealth.State.class, symbols(SrHealth.State.values(), Json::lowerCase))
                .registerTypeAdapter(SrHealth.Kind.class, symbols(SrHealth.Kind.values(), Json::lowerCase))
                .registerTypeAdapter(SrProbe.Kind.class, symbols(SrProbe.Kind.values(), Json::lowerCase))
                .registerTypeAdapter(GcStatus.State.class, symbols(GcStatus.State.values(), Json::lowerCase))
                .registerTypeAdapter(GcStatus.Way.class, symbols(GcStatus.Way.values(), Json::lowerCase))
                .registerTypeAdapter(Job.State.class, symbols(Job.State.values(), Json::lowerCase))
                .registerTypeAdapter(Advice.class, new Text<>(words, Advice::of))
                .registerTypeAdapterFactory(new FlatSrStat())
                .create();
    }

    /** Returns {@code value} as JSON on one line; what to do about something is told in command lines. */
    public static String write(Object value) {
        return GSON.toJson(value);
    }

    /** As {@link #write}, but what to do about something is told in requests of the API over the network. */
    public static String writeForApi(Object value) {
        return OF_API.toJson(value);
    }

    /**
     * Reads one JSON value.
     *
     * @throws JsonParseException if {@code text} is not one JSON value, or not one of type {@code type}
     */
    public static <T> T read(String text, Class<T> type) {
        return read(text, TypeToken.get(type));
    }

    /** Reads a value out of parsed JSON; throws as {@link #read(String, Class)} does. */
    public static <T> T read(JsonElement json, Class<T> type) {
        return read(json.toString(), TypeToken.get(type));
    }

    /** Reads a list out of parsed JSON; throws as {@link #read(String, Class)} does. */
    @SuppressWarnings("unchecked") // a list of T is what the type token says
    public static <T> List<T> list(JsonElement json, Class<T> elements) {
        return read(json.toString(), (TypeToken<List<T>>) TypeToken.getParameterized(List.class, elements));
    }

    private static <T> T read(String text, TypeToken<T> type) {
        try {
            T value = GSON.fromJson(text, type);
            if (value == null) {
                throw new JsonParseException("expected a JSON value, found nothing");
            }
            return value;
        } catch (JsonParseException e) {
            throw e;
        } catch (RuntimeException e) {
            // A record's constructor refused the values: Gson wraps it in a bare RuntimeException.
            throw new JsonParseException("not a valid " + type + ": " + e, e);
        }
    }

    /** Reads an object; throws as {@link #read(String, Class)} does. */
    public static JsonObject object(String text) {
        JsonElement element = read(text, JsonElement.class);
        if (!element.isJsonObject()) {
            throw new JsonParseException("expected a JSON object, found " + abbreviated(text));
        }
        return element.getAsJsonObject();
    }

    private static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <E> Text<E> symbols(E[] constants, Function<E, String> symbol) {
        return new Text<>(
                symbol,
                text -> Arrays.stream(constants)
                        .filter(constant -> symbol.apply(constant).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new JsonParseException("\"" + text + "\" is none of "
                                + Arrays.stream(constants).map(symbol).toList())));
    }

    private static final class IdNames implements FieldNamingStrategy {
        @Override
        public String translateName(Field field) {
            String ofId = NAME_OF_ID.get(field.getDeclaringClass());
            return ofId != null && field.getName().equals("id") ? ofId : field.getName();
        }
    }

    /** A value that is a string in JSON. */
    private static final class Text<T> extends TypeAdapter<T> {
        private final Function<T, String> write;
        private final Function<String, T> read;

        Text(Function<T, String> write, Function<String, T> read) {
            this.write = write;
            this.read = read;
        }

        @Override
        @SuppressWarnings("NullAway") // Gson's contract: both sides may be null
        public void write(JsonWriter out, T value) throws IOException {
            out.value(value == null ? null : write.apply(value));
        }

        @Override
        @SuppressWarnings("NullAway") // as above
        public T read(JsonReader in) throws IOException {
            if (in.peek() == JsonToken.NULL) {
                in.nextNull();
                return null;
            }
            String text = in.nextString();
            try {
                return read.apply(text);
            } catch (SrException | DateTimeException e) {
                throw new JsonParseException(in.getPath() + ": " + e.getMessage(), e);
            }
        }
    }
}
