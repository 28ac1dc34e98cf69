package io.catena.disk;

import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A leaf and its ancestors, open: the content of a disk. Each sector is read from the first file, from the leaf up, in
 * which it is present; beyond a file's size, and where no file has it, it is zero.
 *
 * <p>The list of files never changes; a {@link LiveDisk} goes on to another chain instead.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Chain {
    private static final byte[] ZEROS = new byte[64 << 10];

    /** Where data of many files lies mixed, a request for an extent is not to take long. */
    private static final int MOST_RUNS = 1000;

    private final List<Node> nodes;

    /**
     * A file of the chain.
     *
     * @param name on the storage
     */
    public record Node(String name, Layer layer) {}

    /**
     * @param nodes leaf first; at least one
     */
    public Chain(List<Node> nodes) {
        this.nodes = List.copyOf(nodes);
    }

    /** Returns the files, leaf first. */
    public List<Node> nodes() {
        return nodes;
    }

    /** Returns the file that writes go to. */
    public Node leaf() {
        return nodes.get(0);
    }

    public long sizeBytes() {
        return leaf().layer().sizeBytes();
    }

    /** Fills {@code target} from whole sectors within the size. */
    public void read(long offset, ByteBuffer target) throws IOException {
        read(0, offset, target);
    }

    private void read(int level, long offset, ByteBuffer target) throws IOException {
        int limit = target.limit();
        while (target.hasRemaining()) {
            long run = run(level, offset, target.remaining());
            int length = (int) Math.abs(run);
            target.limit(target.position() + length);
            if (run > 0) {
                nodes.get(level).layer().read(offset, target);
            } else if (level + 1 < nodes.size()
                    && offset < nodes.get(level).layer().sizeBytes()) {
                read(level + 1, offset, target);
            } else {
                zero(target);
            }
            target.limit(limit);
            offset += length;
        }
    }

    /**
     * Tells how far the sectors from {@code offset} on are alike: {@code n} if a file of the chain holds the next {@code n}
     * bytes, {@code -n} if none does, so that they are zero.
     *
     * @param maxBytes how far to look, at least one sector, within the size
     */
    public long run(long offset, long maxBytes) throws IOException {
        long length = maxBytes;
        for (Node node : nodes) {
            long rest = node.layer().sizeBytes() - offset;
            if (rest <= 0) {
                break;
            }
            long run = node.layer().run(offset, Math.min(rest, length));
            if (run > 0) {
                return run;
            }
            length = -run;
        }
        return -length;
    }

    private long run(int level, long offset, int maxBytes) throws IOException {
        Layer layer = nodes.get(level).layer();
        long rest = layer.sizeBytes() - offset;
        return rest <= 0 ? -maxBytes : layer.run(offset, Math.min(rest, maxBytes));
    }

    /**
     * Tells what the sectors from {@code offset} on are like; not necessarily as far as could be said.
     *
     * @param maxBytes how far to look, whole sectors within the size
     */
    public Extent extent(long offset, long maxBytes) throws IOException {
        long first = presence(0, offset, maxBytes);
        long length = Math.abs(first);
        for (int runs = 1; length < maxBytes && runs < MOST_RUNS; runs++) {
            long next = presence(0, offset + length, maxBytes - length);
            if (next > 0 != first > 0) {
                break;
            }
            length += Math.abs(next);
        }
        return new Extent(length, first > 0);
    }

    /** As {@link Layer#run}, of the files from {@code level} on: whether any of them has the sectors. */
    private long presence(int level, long offset, long maxBytes) throws IOException {
        long length = maxBytes;
        for (int i = level; i < nodes.size(); i++) {
            Layer layer = nodes.get(i).layer();
            long rest = layer.sizeBytes() - offset;
            if (rest <= 0) {
                break;
            }
            long run = layer.run(offset, Math.min(rest, length));
            if (run > 0) {
                return run;
            }
            length = Math.min(length, -run);
        }
        return -length;
    }

    /** Writes whole sectors within the size. */
    public void write(long offset, ByteBuffer source) throws IOException {
        leaf().layer().write(offset, source);
    }

    /** Returns how many bytes from {@code offset} on, and at most {@code maxBytes}, lie in one block of the leaf. */
    public long restOfBlock(long offset, long maxBytes) {
        long blockBytes = leaf().layer().blockBytes();
        return blockBytes == 0 ? maxBytes : Math.min(maxBytes, blockBytes - offset % blockBytes);
    }

    /** Makes sectors zero that lie in one block of the leaf; those that are zero for want of a file stay so. */
    public void zero(long offset, long lengthBytes) throws IOException {
        Layer leaf = leaf().layer();
        long length;
        for (long at = offset, end = offset + lengthBytes; at < end; at += length) {
            long present = leaf.run(at, end - at);
            long showing = present > 0 ? present : presence(1, at, -present);
            length = Math.abs(showing);
            if (showing > 0) {
                leaf.zero(at, length);
            }
        }
    }

    /**
     * Whether these sectors are a whole block of the leaf, with data, under which there is nothing: to give it up makes
     * them zero.
     */
    public boolean canGiveUp(long offset, long lengthBytes) throws IOException {
        Layer leaf = leaf().layer();
        long blockBytes = leaf.blockBytes();
        return blockBytes > 0
                && offset % blockBytes == 0
                && lengthBytes == Math.min(blockBytes, sizeBytes() - offset)
                && leaf.givesSpaceBack()
                && !hasNothing(leaf, offset, lengthBytes)
                && showsNothing(1, offset, lengthBytes);
    }

    private static boolean hasNothing(Layer layer, long offset, long lengthBytes) throws IOException {
        long at = offset;
        while (at < offset + lengthBytes) {
            long run = layer.run(at, offset + lengthBytes - at);
            if (run > 0) {
                return false;
            }
            at -= run;
        }
        return true;
    }

    private boolean showsNothing(int level, long offset, long lengthBytes) throws IOException {
        long at = offset;
        while (at < offset + lengthBytes) {
            long presence = presence(level, at, offset + lengthBytes - at);
            if (presence > 0) {
                return false;
            }
            at -= presence;
        }
        return true;
    }

    /** Takes out a block for which {@link #canGiveUp} is true; no other request may be under way, but a flush. */
    public void giveUp(long offset) throws IOException {
        leaf().layer().giveUp(offset);
    }

    /** Whether zeroing gives space back to the file system. */
    public boolean givesSpaceBack() {
        return leaf().layer().givesSpaceBack();
    }

    /** Makes all writes that returned before durable. */
    public void flush() throws IOException {
        leaf().layer().flush();
    }

    private static void zero(ByteBuffer target) {
        while (target.hasRemaining()) {
            target.put(ZEROS, 0, Math.min(ZEROS.length, target.remaining()));
        }
    }
}
