package io.catena.stream;

import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** The sectors of a disk, one after another, and of a fixed VHD its footer behind them. */
final class FlatUpload implements VdiUpload {
    private static final int PIECE_BYTES = 2 << 20;
    private static final int PAGE_BYTES = 4096;

    private final ContentSource source;
    private final long dataBytes;
    private final boolean hasFooter;

    private FlatUpload(ContentSource source, long dataBytes, boolean hasFooter) {
        this.source = source;
        this.dataBytes = dataBytes;
        this.hasFooter = hasFooter;
    }

    static FlatUpload raw(ContentSource source, long lengthBytes) {
        return new FlatUpload(source, lengthBytes, false);
    }

    static FlatUpload fixed(ContentSource source, long lengthBytes) {
        long dataBytes = lengthBytes - Footer.SIZE;
        if (dataBytes <= 0 || dataBytes % SparseLayout.SECTOR != 0) {
            throw Uploads.strange("a fixed VHD of " + lengthBytes + " bytes has no whole sectors and a footer");
        }
        return new FlatUpload(source, dataBytes, true);
    }

    /** A last sector that is not whole ends with zeros. */
    @Override
    public long sizeBytes() {
        return SparseLayout.roundUp(dataBytes, SparseLayout.SECTOR);
    }

    /** All that need be known is the length. */
    @Override
    public boolean writeHead(WritableByteChannel sink) {
        return true;
    }

    @Override
    public void copyTo(VdiImport target) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES + PAGE_BYTES).alignedSlice(PAGE_BYTES);
        for (long offset = source.position(); offset < dataBytes; offset += PIECE_BYTES) {
            target.reached(offset);
            piece.clear().limit((int) Math.min(PIECE_BYTES, dataBytes - offset));
            source.readFully(piece);
            while (piece.limit() % SparseLayout.SECTOR != 0) {
                piece.limit(piece.limit() + 1).put(piece.limit() - 1, (byte) 0);
            }
            NonZero.write(target, offset, piece);
        }
        if (hasFooter) {
            checkFooter();
        }
        if (!source.isAtEnd()) {
            throw Uploads.strange("more follows its " + source.position() + " bytes");
        }
    }

    private void checkFooter() throws IOException {
        ByteBuffer last = source.readFully(ByteBuffer.allocate(Footer.SIZE));
        Footer footer = Uploads.check(() -> Footer.decode(last, Uploads.NAME, dataBytes));
        if (footer.type() != DiskType.FIXED || footer.currentSize() != dataBytes) {
            throw Uploads.strange("it ends with the footer of a disk of type " + footer.type() + " and "
                    + footer.currentSize() + " bytes, expected a fixed one of " + dataBytes);
        }
    }
}
