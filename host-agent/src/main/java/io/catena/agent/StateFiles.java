package io.catena.agent;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Where it is kept what has to be attached again.
 *
 * @param state names SRs and disks
 * @param mounts names what SRs lie on that the agent mounts
 * @param singleHost names the directories on shared file systems that only this host uses
 */
record StateFiles(Path state, Path mounts, Path singleHost) {
    private static final String SUFFIX = ".json";

    /** Returns those that belong to a file of SRs and disks: beside it, under its name, so that two agents may share a directory. */
    static StateFiles beside(Path state) {
        String file = Objects.requireNonNull(state.getFileName(), "a file").toString();
        String name = file.endsWith(SUFFIX) ? file.substring(0, file.length() - SUFFIX.length()) : file;
        return new StateFiles(
                state, state.resolveSibling(name + "-mounts.json"), state.resolveSibling(name + "-single-host"));
    }
}
