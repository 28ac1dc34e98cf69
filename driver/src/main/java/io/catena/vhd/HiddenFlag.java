package io.catena.vhd;

import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;

/** The flag that makes a node a base copy, which no VDI shows. */
public final class HiddenFlag {
    private HiddenFlag() {}

    /**
     * Sets the flag in both footers, durably. A raw file has none, and stays as it is.
     *
     * <p>The one at the end is written first, since it is the one that counts; a cut in between leaves two valid footers
     * that differ, which the next call mends. Footers that are right are not written again, but synced: nobody knows whether
     * they were.
     */
    public static void set(Storage storage, String name, boolean hidden) throws IOException {
        ChainFile node = ChainFile.read(storage, name);
        VhdHeaders headers = node.headers();
        if (headers == null) {
            return;
        }
        Footer footer = headers.footer().withHidden(hidden);
        try (BlockFile file = storage.open(name)) {
            if (!isSet(headers, hidden)) {
                write(file, headers, footer);
            }
            file.sync();
        }
    }

    private static boolean isSet(VhdHeaders headers, boolean hidden) {
        boolean isCopied = headers.validCopy() || headers.footer().type() == DiskType.FIXED;
        return headers.footer().hidden() == hidden && headers.trailingFooterOffset() >= 0 && isCopied;
    }

    private static void write(BlockFile file, VhdHeaders headers, Footer footer) throws IOException {
        if (headers.trailingFooterOffset() >= 0) {
            file.write(headers.trailingFooterOffset(), footer.encode());
        }
        if (footer.type() != DiskType.FIXED) {
            file.write(0, footer.encode());
        }
    }
}
