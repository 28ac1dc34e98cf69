package io.catena.stream;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import io.catena.format.SparseLayout;
import io.catena.qcow2.BadQcow2Exception;
import io.catena.qcow2.Qcow2Header;
import io.catena.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A qcow2 image without a backing file. Its tables may stand behind its data, so all of it is kept before it is read. */
final class Qcow2Upload implements VdiUpload {
    private static final int PIECE_BYTES = 1 << 20;

    private final ContentSource source;
    private final Qcow2Header header;
    private final long lengthBytes;
    private final Spool.Maker spools;

    private Qcow2Upload(ContentSource source, Qcow2Header header, long lengthBytes, Spool.Maker spools) {
        this.source = source;
        this.lengthBytes = lengthBytes;
        this.header = header;
        this.spools = spools;
    }

    /**
     * @param lengthBytes -1 if nobody knows
     */
    static Qcow2Upload begin(ContentSource source, long lengthBytes, Spool.Maker spools) throws IOException {
        ByteBuffer first = source.readFully(ByteBuffer.allocate(Qcow2Header.SIZE));
        try {
            Qcow2Header header = Qcow2Header.decode(first);
            source.giveBack(first);
            return new Qcow2Upload(source, header, lengthBytes, spools);
        } catch (BadQcow2Exception e) {
            throw refusal(e);
        }
    }

    private static SrException refusal(BadQcow2Exception e) {
        return new SrException(SrError.BAD_REQUEST, "This qcow2 image cannot be read: " + e.getMessage(), e)
                .correction("See what is wrong with it: qemu-img check FILE; or make one that holds all of the disk:"
                        + " qemu-img convert -O qcow2 FILE NEW");
    }

    @Override
    public long sizeBytes() {
        return SparseLayout.roundUp(header.sizeBytes(), SparseLayout.SECTOR);
    }

    /** How much room the image takes until it was read; 0 if nobody knows. */
    long spooledBytes() {
        return Math.max(0, lengthBytes);
    }

    @Override
    public void copyTo(VdiImport target) throws IOException {
        try (Spool spool = spools.make()) {
            fill(spool);
            new Qcow2Image(bytesOf(spool), header).readAll((offset, bytes) -> write(target, offset, bytes));
        } catch (BadQcow2Exception e) {
            throw refusal(e);
        }
    }

    private void fill(Spool spool) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        long offset = 0;
        while (true) {
            source.read(piece.clear());
            if (piece.flip().hasRemaining()) {
                offset += piece.remaining();
                spool.write(offset - piece.remaining(), piece);
            } else {
                return;
            }
        }
    }

    private static Qcow2Image.Source bytesOf(Spool spool) {
        return new Qcow2Image.Source() {
            @Override
            public long sizeBytes() throws IOException {
                return spool.sizeBytes();
            }

            @Override
            public void read(long offset, ByteBuffer target) throws IOException {
                spool.read(offset, target);
            }
        };
    }

    /** A last sector that is not whole ends with zeros. */
    private static void write(VdiImport target, long offset, ByteBuffer bytes) {
        ByteBuffer whole = bytes;
        if (bytes.remaining() % SparseLayout.SECTOR != 0) {
            whole = ByteBuffer.allocate((int) SparseLayout.roundUp(bytes.remaining(), SparseLayout.SECTOR));
            whole.put(bytes).clear();
        }
        NonZero.write(target, offset, whole);
    }
}
