package io.catena.lease;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;

/** JSON and back. Members that are not known are ignored: a later version may write them. */
final class JsonRecords {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private static final int SHOWN_CHARS = 200;

    private JsonRecords() {}

    static String encode(Object value) {
        return GSON.toJson(value);
    }

    /**
     * @throws IOException if the text is not what {@code type}'s constructor takes
     */
    static <T> T decode(String name, String text, Class<T> type) throws IOException {
        return decode(name, text, TypeToken.get(type));
    }

    /** As the other method does. */
    static <T> T decode(String name, String text, TypeToken<T> type) throws IOException {
        try {
            T value = GSON.fromJson(text, type);
            if (value != null) {
                return value;
            }
        } catch (RuntimeException e) {
            // Gson throws what it likes, and wraps what constructors throw.
            throw new IOException("the record " + name + " is damaged: " + e.getMessage() + ": " + beginning(text), e);
        }
        throw new IOException("the record " + name + " is empty");
    }

    private static String beginning(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
    }
}
