package io.catena.sr.gc;

import io.catena.api.GcSettings;
import io.catena.sr.record.GcSettingsFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.function.UnaryOperator;

/** The settings of garbage collection, kept with the SR. Safe for use by many threads; a look waits for nobody. */
final class KeptSettings {
    private final Storage storage;

    /** Changed by holders of this only. */
    private volatile GcSettings settings;

    KeptSettings(Storage storage) {
        this.storage = storage;
        settings = GcSettingsFile.read(storage);
    }

    GcSettings now() {
        return settings;
    }

    /** Changes them; the new ones are durable when this returns. */
    synchronized GcSettings change(UnaryOperator<GcSettings> wanted) throws IOException {
        GcSettings changed = wanted.apply(settings);
        GcSettingsFile.write(storage, changed);
        settings = changed;
        return changed;
    }
}
