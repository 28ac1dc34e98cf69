package io.catena.agent.json;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.TypeAdapter;
import com.google.gson.TypeAdapterFactory;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import io.catena.api.SrStat;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes an SR's statistics and the SR itself as one flat object, so that "sr" is the id here as everywhere. */
final class FlatSrStat implements TypeAdapterFactory {
    private static final List<String> OF_SR = List.of("sr", "name", "path", "attached", "problem");

    @Override
    public <T> @Nullable TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
        if (type.getRawType() != SrStat.class) {
            return null;
        }
        TypeAdapter<T> nested = gson.getDelegateAdapter(this, type);
        TypeAdapter<JsonElement> elements = gson.getAdapter(JsonElement.class);
        return new TypeAdapter<>() {
            @Override
            public void write(JsonWriter out, T stat) throws IOException {
                elements.write(out, flatten(nested.toJsonTree(stat).getAsJsonObject()));
            }

            @Override
            public T read(JsonReader in) throws IOException {
                return nested.fromJsonTree(nest(elements.read(in).getAsJsonObject()));
            }
        };
    }

    private static JsonObject flatten(JsonObject stat) {
        JsonObject flat = new JsonObject();
        JsonObject sr = stat.remove("sr").getAsJsonObject();
        sr.entrySet().forEach(e -> flat.add(e.getKey(), e.getValue()));
        stat.entrySet().forEach(e -> flat.add(e.getKey(), e.getValue()));
        return flat;
    }

    private static JsonObject nest(JsonObject flat) {
        JsonObject sr = new JsonObject();
        for (String name : OF_SR) {
            if (flat.has(name)) {
                sr.add(name, flat.remove(name));
            }
        }
        flat.add("sr", sr);
        return flat;
    }
}
