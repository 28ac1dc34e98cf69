package io.catena.vhd;

import io.catena.format.UnsupportedVhdException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import java.io.IOException;

/** The journal beside a file whose headers are being rewritten; as long as it is there, the file may be half old, half new. */
public final class PendingRewrite {
    /** What the journal's name has behind the file's. */
    public static final String SUFFIX = ".catena-journal";

    private PendingRewrite() {}

    /** Returns the name of the journal of a file. */
    public static String journalOf(String name) {
        return name + SUFFIX;
    }

    /** Returns the name of the file that a journal stands beside. */
    public static String fileOf(String journal) {
        return journal.substring(0, journal.length() - SUFFIX.length());
    }

    /**
     * Makes sure that no rewrite of a file is pending.
     *
     * @throws UnsupportedVhdException if one is
     */
    static void refuse(Storage storage, String name) throws IOException {
        if (storage.exists(journalOf(name))) {
            throw new UnsupportedVhdException(
                    name,
                    "an interrupted resize must be completed",
                    Advice.of("Complete it: ").then(Remedy.of(Verb.VHD_RESIZE, name)));
        }
    }
}
