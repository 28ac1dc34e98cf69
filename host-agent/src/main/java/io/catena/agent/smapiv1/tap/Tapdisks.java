package io.catena.agent.smapiv1.tap;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** What starts and stops tapdisks, each of which is a client of one NBD socket. Safe for use by many threads. */
interface Tapdisks {
    /** Returns the tapdisk that is a client of a socket. */
    Optional<Tap> find(Path socket) throws IOException;

    /** Starts one. That this succeeds says nothing of whether it can read. */
    Tap start(Path socket, boolean readOnly) throws IOException;

    /** Lets a tapdisk connect again: its requests wait meanwhile. */
    void reconnect(Tap tap, Path socket) throws IOException;

    /** Stops one; all its requests are answered then. */
    void stop(Tap tap) throws IOException;
}
