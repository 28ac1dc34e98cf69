package io.catena.harness.peer;

import java.io.IOException;
import java.nio.file.Path;

/** That what agents wrote of their answers was deleted before it was read. */
final class TracesGoneException extends IOException {
    private static final long serialVersionUID = 1;

    TracesGoneException(Path directory, IOException cause) {
        super(
                "Somebody deleted " + directory + " or files in it while tests ran: what agents that run as processes"
                        + " answered lately cannot be compared with the contract. Leave catena-trace* in the directory of"
                        + " temporary files alone, and run the class again; agents of later classes write into a new one",
                cause);
    }
}
