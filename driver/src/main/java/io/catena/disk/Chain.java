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

    /** Writes whole sectors within the size. */
    public void write(long offset, ByteBuffer source) throws IOException {
        leaf().layer().write(offset, source);
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
