package io.catena.tool;

import io.catena.disk.Chain;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Looks for data in the part of a disk that another size would cut off, or would bring to light. */
final class DataBeyond {
    private static final int PIECE_BYTES = 1 << 20;

    private final Storage storage;
    private final String name;

    DataBeyond(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
    }

    /**
     * Makes sure that a guest sees nothing but zeros in a part of the disk that is to go.
     *
     * @throws IOException if it sees something, naming where
     */
    void refuseToCut(long from, long to) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            long found = find(chain.nodes(), from, to);
            if (found >= 0) {
                throw new IOException(name + ": there is data at byte " + found + ", which a size of " + from
                        + " bytes would cut off");
            }
        }
    }

    /**
     * Makes sure that the ancestors hold nothing but zeros in a part that is to come.
     *
     * @throws IOException if they hold something, naming where
     */
    void refuseToShow(long from, long to) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            List<Chain.Node> ancestors = chain.nodes().subList(1, chain.nodes().size());
            long end = Math.min(to, ancestors.get(0).layer().sizeBytes());
            long found = find(ancestors, from, end);
            if (found >= 0) {
                throw new IOException(name + ": its parent is larger and holds data at byte " + found
                        + ", which a size of " + to + " bytes would show");
            }
        }
    }

    private static long find(List<Chain.Node> nodes, long from, long to) throws IOException {
        Chain chain = new Chain(nodes);
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        ByteBuffer zeros = ByteBuffer.allocate(PIECE_BYTES);
        for (long offset = from; offset < to; ) {
            VhdMap.Extent extent = VhdMap.at(nodes, offset, to - offset);
            long length = extent.length();
            if (extent.kind() != VhdMap.Kind.HOLE) {
                length = Math.min(PIECE_BYTES, length);
                chain.read(offset, piece.clear().limit((int) length));
                int different = piece.flip().mismatch(zeros.clear().limit((int) length));
                if (different >= 0) {
                    return offset + different;
                }
            }
            offset += length;
        }
        return -1;
    }
}
