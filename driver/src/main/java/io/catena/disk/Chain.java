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
    private final OwnerMap lower;

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
        this(nodes, true);
    }

    private Chain(List<Node> nodes, boolean settled) {
        this.nodes = List.copyOf(nodes);
        this.lower = new OwnerMap(nodes.stream().map(Node::layer).toList(), settled);
    }

    /** As the constructor, of files of which the leaf's parent may still be written, until {@link #settle}. */
    public static Chain overUnsettled(List<Node> nodes) {
        return new Chain(nodes, false);
    }

    /** No file but the leaf is written any more. */
    public void settle() {
        lower.settle();
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
        Layer leaf = leaf().layer();
        int limit = target.limit();
        while (target.hasRemaining()) {
            long run = leaf.run(offset, target.remaining());
            int length = (int) Math.abs(run);
            target.limit(target.position() + length);
            if (run > 0) {
                leaf.read(offset, target);
            } else {
                readLower(offset, target);
            }
            target.limit(limit);
            offset += length;
        }
    }

    /** As {@link #read}, of sectors that the leaf does not have. */
    private void readLower(long offset, ByteBuffer target) throws IOException {
        int limit = target.limit();
        while (target.hasRemaining()) {
            OwnerMap.Run run = lower.find(offset, target.remaining());
            target.limit(target.position() + (int) run.lengthBytes());
            if (run.level() > 0) {
                nodes.get(run.level()).layer().read(offset, target);
            } else {
                zero(target);
            }
            target.limit(limit);
            offset += run.lengthBytes();
        }
    }

    /**
     * Tells how far the sectors from {@code offset} on are alike: {@code n} if a file of the chain holds the next {@code n}
     * bytes, {@code -n} if none does, so that they are zero.
     *
     * @param maxBytes how far to look, at least one sector, within the size
     */
    public long run(long offset, long maxBytes) throws IOException {
        long run = leaf().layer().run(offset, maxBytes);
        return run > 0 ? run : lowerRun(offset, -run);
    }

    /** As {@link #run}, of all files but the leaf. */
    private long lowerRun(long offset, long maxBytes) throws IOException {
        OwnerMap.Run run = lower.find(offset, maxBytes);
        return run.level() > 0 ? run.lengthBytes() : -run.lengthBytes();
    }

    /**
     * Tells what the sectors from {@code offset} on are like; not necessarily as far as could be said.
     *
     * @param maxBytes how far to look, whole sectors within the size
     */
    public Extent extent(long offset, long maxBytes) throws IOException {
        long first = run(offset, maxBytes);
        long length = Math.abs(first);
        for (int runs = 1; length < maxBytes && runs < MOST_RUNS; runs++) {
            long next = run(offset + length, maxBytes - length);
            if (next > 0 != first > 0) {
                break;
            }
            length += Math.abs(next);
        }
        return new Extent(length, first > 0);
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

    /** Makes sectors zero that lie in one block of the leaf; those that are zero for want of a file may stay so. */
    public void zero(long offset, long lengthBytes, ZeroElision elision) throws IOException {
        Layer leaf = leaf().layer();
        long length;
        for (long at = offset, end = offset + lengthBytes; at < end; at += length) {
            long present = leaf.run(at, end - at);
            long showing = present > 0 ? present : lowerRun(at, -present);
            length = Math.abs(showing);
            if (showing > 0 || !elision.mayElide()) {
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
                && showsNothing(offset, lengthBytes);
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

    private boolean showsNothing(long offset, long lengthBytes) throws IOException {
        long at = offset;
        while (at < offset + lengthBytes) {
            long presence = lowerRun(at, offset + lengthBytes - at);
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

    /** As {@link io.catena.vhd.Layer#complete}, of the files that are written. */
    public void complete() {
        leaf().layer().complete();
    }

    private static void zero(ByteBuffer target) {
        while (target.hasRemaining()) {
            target.put(ZEROS, 0, Math.min(ZEROS.length, target.remaining()));
        }
    }
}
