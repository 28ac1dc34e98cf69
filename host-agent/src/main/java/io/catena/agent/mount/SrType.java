package io.catena.agent.mount;

import io.catena.api.SrLocation;
import java.io.IOException;
import java.util.List;

/**
 * A kind of place at which SRs lie.
 *
 * <p><b>Errors.</b> What the caller said wrong is an {@link io.catena.api.SrException}. <b>Threads.</b> Safe for use by many threads.
 */
interface SrType {
    /** Returns the type's name. */
    String name();

    /** Returns what is to be mounted for an SR. Looks at nothing but what was said. */
    Wanted wanted(SrLocation location);

    /**
     * Makes sure that a new SR can be made there; may take long.
     *
     * @param format whether to make a file system, if nothing is there
     */
    default void prepare(Wanted wanted, boolean format) throws IOException {}

    /** Returns what a server offers, if the place is a server without a path; else nothing. */
    default List<String> exports(SrLocation location) throws IOException {
        return List.of();
    }
}
