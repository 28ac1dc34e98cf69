package io.catena.api;

import io.catena.remedy.Advice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a directory holds, seen without changing anything in it.
 *
 * @param path absolute
 * @param sr the id that the SR has, or would get when it is attached; null if that is not known before
 * @param name of the SR; empty if it has none yet
 * @param nodes number of files that hold data
 * @param inUse whether an agent, this one or another, has it attached
 * @param needsRecovery whether its last agent did not end in order, or an operation was interrupted
 * @param foreignWork what XenServer's manager did not finish, and an attach would do about it
 */
public record SrProbe(
        String path,
        Kind kind,
        @Nullable SrId sr,
        String name,
        int nodes,
        boolean inUse,
        boolean needsRecovery,
        List<ForeignWork> foreignWork) {
    public SrProbe {
        foreignWork = List.copyOf(foreignWork);
    }

    /**
     * Work that XenServer's manager did not finish.
     *
     * @param file the file that tells of it
     * @param found what it means, as a sentence without its period
     * @param action what an attach does about it, or if it refuses what a person can do
     * @param refused whether the SR cannot be attached because of it
     */
    public record ForeignWork(String file, String found, Advice action, boolean refused) {}

    /** What can be done with the directory. */
    public enum Kind {
        /** There is no such directory; an SR can be created. */
        ABSENT,
        /** It has no files; an SR can be created. */
        EMPTY,
        /** It is an SR; it can be attached. */
        SR,
        /** It holds disks that something else made; attaching adopts them. */
        ADOPTABLE,
        /** It holds files, but no disks. */
        OTHER
    }
}
