package io.catena.sr.xen;

import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Gives disks that lost a footer, since nobody closed them, both footers again. */
public final class FooterRestore {
    private static final Logger LOG = System.getLogger(FooterRestore.class.getName());

    private final Storage storage;

    public FooterRestore(Storage storage) {
        this.storage = storage;
    }

    /**
     * Restores the footers of a file that nobody has open, if one is missing. If that cannot be done, since the file is damaged
     * or the file system full, the footer that is there serves as well.
     */
    public void restore(String name) {
        try {
            restore(ChainFile.read(storage, name));
        } catch (IOException e) {
            tellFailure(name, e);
        }
    }

    /** As {@link #restore(String)}, of a file as it was read since it was written last. */
    public void restore(ChainFile file) {
        VhdHeaders headers = file.headers();
        if (headers == null || !file.isSparse() || !lacksFooter(headers)) {
            return;
        }
        try {
            file.openWritable(storage, null).close();
        } catch (IOException e) {
            tellFailure(file.name(), e);
        }
    }

    private static void tellFailure(String name, IOException cause) {
        LOG.log(Level.WARNING, LogLine.of("footer-not-restored", "node", name, "cause", cause.getMessage()));
    }

    private static boolean lacksFooter(VhdHeaders headers) {
        return headers.trailingFooterOffset() < 0 || !headers.validCopy();
    }
}
