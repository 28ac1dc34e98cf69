package io.catena.agent.log;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.security.CodeSource;
import java.util.Objects;
import java.util.jar.JarInputStream;
import org.jspecify.annotations.Nullable;

/** The version of this program, as its jar's manifest tells it. */
public final class Version {
    /** For instance "1.2.0"; "development" if it does not run from a jar. */
    public static final String TEXT =
            Objects.requireNonNullElse(Version.class.getPackage().getImplementationVersion(), "development");

    /** What is on disk; {@code FORMAT.md} describes it. */
    public static final String FORMATS =
            "VHD 1.0 (fixed, dynamic, differencing) with batmap 1.2, raw; records of SRs 1; redo logs 2";

    private static final String UNKNOWN = "unknown";

    private Version() {}

    /** Returns the commit that it was built from, with "-dirty" if there was more; "unknown" if it does not run from a jar. */
    public static String commit() {
        CodeSource source = Version.class.getProtectionDomain().getCodeSource();
        return source == null ? UNKNOWN : Objects.requireNonNullElse(commit(source.getLocation()), UNKNOWN);
    }

    private static @Nullable String commit(URL place) {
        if (!place.getPath().endsWith(".jar")) {
            return null;
        }
        try (InputStream file = place.openStream();
                JarInputStream jar = new JarInputStream(file)) {
            String commit = jar.getManifest() == null
                    ? null
                    : jar.getManifest().getMainAttributes().getValue("Catena-Commit");
            // Outside of a clone Maven leaves the name of the property there.
            return commit == null || commit.startsWith("$") ? null : commit;
        } catch (IOException e) {
            return null;
        }
    }
}
