package io.catena.agent.doctor;

import com.google.gson.annotations.SerializedName;
import org.jspecify.annotations.Nullable;

/**
 * What was found of one thing.
 *
 * @param advice what to do; null if nothing is to be done
 */
public record Finding(
        String what, Level level, String found, @Nullable String advice) {
    /** How bad it is. */
    public enum Level {
        @SerializedName("ok")
        OK,
        /** Something will not work that is not needed everywhere. */
        @SerializedName("note")
        NOTE,
        /** Disks are or will be in danger, or cannot be served. */
        @SerializedName("problem")
        PROBLEM
    }

    /** Returns that all is well. */
    public static Finding ok(String what, String found) {
        return new Finding(what, Level.OK, found, null);
    }

    /** Returns what only some will miss. */
    public static Finding note(String what, String found, String advice) {
        return new Finding(what, Level.NOTE, found, advice);
    }

    /** Returns what everybody will miss. */
    public static Finding problem(String what, String found, String advice) {
        return new Finding(what, Level.PROBLEM, found, advice);
    }
}
