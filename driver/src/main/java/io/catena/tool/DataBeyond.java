package io.catena.tool;

import io.catena.disk.ChainPath;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Looks for data in the part of a disk that a smaller size would cut off. */
final class DataBeyond {
    private static final int PIECE_BYTES = 1 << 20;

    private final Storage storage;
    private final String name;

    DataBeyond(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
    }

    /**
     * Makes sure that nothing but zeros stands behind {@code sizeBytes}, in the disk or in an ancestor.
     *
     * @throws IOException if something does, naming where
     */
    void refuse(long sizeBytes) throws IOException {
        for (ChainFile file : ChainPath.of(storage, ChainFile.vhd(storage, name))) {
            try (Layer layer = file.openReadOnly(storage)) {
                refuse(file.name(), layer, sizeBytes);
            }
        }
    }

    private void refuse(String file, Layer layer, long sizeBytes) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        ByteBuffer zeros = ByteBuffer.allocate(PIECE_BYTES);
        long offset = sizeBytes;
        while (offset < layer.sizeBytes()) {
            long run = layer.run(offset, Math.min(PIECE_BYTES, layer.sizeBytes() - offset));
            if (run > 0) {
                layer.read(offset, piece.clear().limit((int) run));
                int different = piece.flip().mismatch(zeros.clear().limit((int) run));
                if (different >= 0) {
                    throw new IOException(name + ": there is data at byte " + (offset + different) + " (in " + file
                            + "), which a size of " + sizeBytes + " bytes would cut off");
                }
            }
            offset += Math.abs(run);
        }
    }
}
