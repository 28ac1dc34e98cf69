package io.catena.agent.control;

import java.nio.ByteBuffer;

/** Plugins whose methods a caller runs as programs; the programs only forward to the agent. */
@FunctionalInterface
public interface Scripts {
    /**
     * Runs one method. Never throws: a failure is an output, too.
     *
     * @param plugin the kind of plugin
     * @param method the name of the program
     * @param option what the installed program was told to add; empty if nothing
     * @param stdin all that the caller wrote to the program
     */
    Output run(String plugin, String method, String option, ByteBuffer stdin);

    /** What the program ends with: its exit code, 0 or 1, and what it writes. */
    record Output(int exitCode, String stdout) {}
}
