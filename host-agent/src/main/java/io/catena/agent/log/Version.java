package io.catena.agent.log;

import java.util.Objects;

/** The version of this program, as its jar's manifest tells it. */
public final class Version {
    /** For instance "1.2.0"; "development" if it does not run from a jar. */
    public static final String TEXT =
            Objects.requireNonNullElse(Version.class.getPackage().getImplementationVersion(), "development");

    private Version() {}
}
