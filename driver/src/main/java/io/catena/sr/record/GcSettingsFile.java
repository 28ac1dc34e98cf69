package io.catena.sr.record;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.api.GcSettings;
import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;

/** Keeps an SR's settings of garbage collection. A file that cannot be read gives the default: it is no data of a guest. */
public final class GcSettingsFile {
    static final String FILE = ".catena/gc.json";

    private static final Logger LOG = System.getLogger(GcSettingsFile.class.getName());
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private GcSettingsFile() {}

    public static GcSettings read(Storage storage) {
        try {
            Optional<String> text = StoredText.readSmall(storage, FILE);
            return text.map(json -> GSON.fromJson(json, GcSettings.class)).orElse(GcSettings.DEFAULT);
        } catch (IOException | RuntimeException e) {
            // Gson throws what it likes, and wraps what the record's constructor throws.
            LOG.log(Level.WARNING, LogLine.of("gc-settings-unreadable", "file", FILE, "cause", e.getMessage()));
            return GcSettings.DEFAULT;
        }
    }

    public static void write(Storage storage, GcSettings settings) throws IOException {
        StoredText.write(storage, FILE, GSON.toJson(settings));
    }
}
