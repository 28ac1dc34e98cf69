package io.catena.sr.tree;

import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.store.Storage;
import io.catena.vhd.PendingRewrite;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Completes the rewrites of single files, resizes above all, that were interrupted; until then nobody can read those. */
public final class PendingRewrites {
    private static final Logger LOG = System.getLogger(PendingRewrites.class.getName());

    private PendingRewrites() {}

    /**
     * Completes them; returns whether none is left. A file whose rewrite cannot be completed is refused by whoever opens it,
     * and must not harm the others.
     */
    public static boolean complete(Storage storage) throws IOException {
        boolean all = true;
        for (String journal : storage.list("", name -> name.endsWith(PendingRewrite.SUFFIX))) {
            try {
                Journal.of(storage, PendingRewrite.fileOf(journal)).recover();
                LOG.log(Level.INFO, LogLine.of("rewrite-completed", "journal", journal));
            } catch (IOException e) {
                all = false;
                LOG.log(
                        Level.WARNING,
                        LogLine.of("rewrite-not-completed", "journal", journal, "cause", e.getMessage()));
            }
        }
        return all;
    }
}
