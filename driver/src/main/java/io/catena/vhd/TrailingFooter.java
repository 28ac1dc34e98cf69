package io.catena.vhd;

import io.catena.format.CorruptVhdException;
import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The footer at the end of a dynamic or differencing disk, which counts. */
public final class TrailingFooter {
    private TrailingFooter() {}

    /**
     * Makes the footer at the end equal its copy at the start, durably, after the copy alone was changed. Does nothing if the
     * file ends with something else, which may be a guest's.
     */
    public static void follow(BlockFile file) throws IOException {
        Footer copy = footerAt(file, 0);
        long end = file.size() - Footer.SIZE;
        Footer trailing = end > 0 ? footerAt(file, end) : null;
        if (copy != null && trailing != null && !trailing.equals(copy) && isOfSameFile(trailing, copy)) {
            file.write(end, copy.encode());
            file.sync();
        }
    }

    private static boolean isOfSameFile(Footer trailing, Footer copy) {
        return trailing.uniqueId().equals(copy.uniqueId())
                && trailing.dataOffset() == copy.dataOffset()
                && trailing.type() != DiskType.FIXED
                && copy.type() != DiskType.FIXED;
    }

    private static @Nullable Footer footerAt(BlockFile file, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(Footer.SIZE);
        file.read(offset, sector);
        try {
            return Footer.decode(sector.clear(), file.name(), offset);
        } catch (CorruptVhdException e) {
            return null;
        }
    }
}
