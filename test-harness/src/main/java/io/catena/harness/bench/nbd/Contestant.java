package io.catena.harness.bench.nbd;

import java.io.IOException;

/** Somebody who serves a disk over NBD in a certain way. */
interface Contestant {
    /** As the table says it. */
    String title();

    /** Whether it can offer that ground at all. */
    boolean has(Ground ground);

    /**
     * Serves a disk of that ground; a new one, if the ground is one that is used up.
     *
     * @return what the caller has to close
     */
    Served serve(Ground ground) throws IOException;
}
