package io.catena.agent.cli;

import io.catena.agent.cli.manual.Manual;
import io.catena.agent.cli.session.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Map;

/** Writes the manual and the completion of shells into a directory, for the packages. */
final class ManualWriter {
    private ManualWriter() {}

    /**
     * Called by the build.
     *
     * @param args the directory
     */
    public static void main(String[] args) throws IOException {
        PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
        Manual.write(Catena.commandLine(new Session(nowhere, nowhere, Map.of(), false)), Path.of(args[0]));
    }
}
