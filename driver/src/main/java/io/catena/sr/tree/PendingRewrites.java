package io.catena.sr.tree;

import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.store.Storage;
import io.catena.vhd.PendingRewrite;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;

/** Completes the rewrites of single files, resizes above all, that were interrupted; until then nobody can read those. */
public final class PendingRewrites {
    private static final Logger LOG = System.getLogger(PendingRewrites.class.getName());

    private PendingRewrites() {}

    /** Returns the files of which a rewrite was interrupted. */
    static List<String> files(Storage storage) throws IOException {
        return storage.list("", name -> name.endsWith(PendingRewrite.SUFFIX)).stream()
                .map(PendingRewrite::fileOf)
                .toList();
    }

    /** As {@link #complete(Storage, Collection)}, of all. */
    public static boolean complete(Storage storage) throws IOException {
        return complete(storage, files(storage));
    }

    /**
     * Completes those of some files; returns whether none is left. A file whose rewrite cannot be completed is refused by whoever opens it,
     * and must not harm the others.
     */
    static boolean complete(Storage storage, Collection<String> files) {
        boolean all = true;
        for (String file : files) {
            String journal = PendingRewrite.journalOf(file);
            try {
                Journal.of(storage, file).recover();
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
