package io.catena.sr.tree;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import io.catena.sr.record.NameRoom;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.store.TooManyNamesException;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The note of {@link SeenFiles} as it is stored: {@code {"files":{NAME:{...}}}}. It is read and written entry by entry, since a
 * large SR has a hundred thousand, and whoever wrote it can have put in more.
 */
final class SeenNote {
    private static final String FILES = "files";
    private static final String IDENTITY = "identity";
    private static final String UNIQUE_ID = "uniqueId";
    private static final String PARENT = "parent";

    private SeenNote() {}

    /**
     * Returns what the files were, by name; empty if nothing is noted.
     *
     * @throws RuntimeException if it is no such note
     * @throws MalformedJsonException if it is no JSON
     * @throws EOFException if it ends too early
     * @throws TooManyNamesException if it tells of more files than an SR has
     */
    static Optional<SortedMap<String, SeenFile>> read(Storage storage) throws IOException {
        return StoredText.readList(storage, SrFiles.SEEN, SeenNote::parse).flatMap(found -> found);
    }

    private static Optional<SortedMap<String, SeenFile>> parse(Reader in) throws IOException {
        JsonReader json = new JsonReader(in);
        Optional<SortedMap<String, SeenFile>> found = Optional.empty();
        json.beginObject();
        while (json.hasNext()) {
            if (json.nextName().equals(FILES) && json.peek() == JsonToken.BEGIN_OBJECT) {
                found = Optional.of(files(json));
            } else {
                json.skipValue();
            }
        }
        json.endObject();
        if (json.peek() != JsonToken.END_DOCUMENT) {
            throw new IllegalArgumentException("more follows the note");
        }
        return found;
    }

    private static SortedMap<String, SeenFile> files(JsonReader json) throws IOException {
        SortedMap<String, SeenFile> files = new TreeMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (files.put(name, file(json)) != null) {
                throw new IllegalArgumentException(name + " is noted twice");
            }
            NameRoom.check(files.size());
        }
        json.endObject();
        return files;
    }

    private static SeenFile file(JsonReader json) throws IOException {
        @Nullable String identity = null;
        @Nullable String uniqueId = null;
        @Nullable String parent = null;
        json.beginObject();
        while (json.hasNext()) {
            switch (json.nextName()) {
                case IDENTITY -> identity = text(json);
                case UNIQUE_ID -> uniqueId = text(json);
                case PARENT -> parent = text(json);
                default -> json.skipValue();
            }
        }
        json.endObject();
        return new SeenFile(identity, uniqueId, parent);
    }

    private static @Nullable String text(JsonReader json) throws IOException {
        if (json.peek() == JsonToken.NULL) {
            json.nextNull();
            return null;
        }
        return json.nextString();
    }

    static void write(Storage storage, Map<String, SeenFile> files) throws IOException {
        StoredText.writeList(storage, SrFiles.SEEN, out -> format(files, out));
    }

    private static void format(Map<String, SeenFile> files, Writer out) throws IOException {
        JsonWriter json = new JsonWriter(out);
        json.setSerializeNulls(false);
        json.beginObject().name(FILES).beginObject();
        for (Map.Entry<String, SeenFile> entry : files.entrySet()) {
            SeenFile file = entry.getValue();
            json.name(entry.getKey()).beginObject();
            json.name(IDENTITY).value(file.identity());
            json.name(UNIQUE_ID).value(file.uniqueId());
            json.name(PARENT).value(file.parent());
            json.endObject();
        }
        json.endObject().endObject();
        json.flush();
    }
}
