package io.catena.agent.nbd;

import java.io.IOException;

/** Where clients come in. */
@FunctionalInterface
interface Door {
    void admit(Caller caller) throws IOException;
}
