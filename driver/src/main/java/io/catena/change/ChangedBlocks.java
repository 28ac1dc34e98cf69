package io.catena.change;

import io.catena.api.DiskRange;
import io.catena.disk.Chain;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tells which parts of a disk may differ from another of the same tree.
 *
 * <p>Both disks build on the nodes that their chains have in common. Whatever differs is present in a node above those, on one
 * side or the other: what neither side has, both read from the same place. So the changes are the sectors present in any node
 * above. That holds whatever snapshots, reverts or merges made the nodes, and needs no tracking. Merging two of these nodes keeps
 * the union of their sectors; the lowest that both have in common cannot be merged into them, since both sides need it.
 *
 * <p>Sectors that were written with what was there before count as changed.
 */
public final class ChangedBlocks {
    private final List<Layer> above;
    private final long baseBytes;
    private final long sizeBytes;

    /**
     * @param above the layers that only one of the disks has
     * @param baseBytes the size of the base: what lies beyond may differ
     */
    private ChangedBlocks(List<Layer> above, long baseBytes, long sizeBytes) {
        this.above = above;
        this.baseBytes = baseBytes;
        this.sizeBytes = sizeBytes;
    }

    /** Returns the parts of a disk that hold data. */
    public static List<DiskRange> allocated(List<Chain.Node> chain) throws IOException {
        long sizeBytes = chain.get(0).layer().sizeBytes();
        return new ChangedBlocks(chain.stream().map(Chain.Node::layer).toList(), sizeBytes, sizeBytes).extents();
    }

    /**
     * Returns the parts of a disk that may differ from its base, ordered and disjoint; empty if the two have no node in common.
     *
     * @param chain the disk's nodes, the leaf first
     * @param base the base's nodes
     */
    public static Optional<List<DiskRange>> between(List<Chain.Node> chain, List<Chain.Node> base) throws IOException {
        return between(
                chain,
                base,
                chain.get(0).layer().sizeBytes(),
                base.get(0).layer().sizeBytes());
    }

    /** As above, of disks that may be smaller or larger than what is left of them. */
    public static Optional<List<DiskRange>> between(
            List<Chain.Node> chain, List<Chain.Node> base, long sizeBytes, long baseBytes) throws IOException {
        Set<String> ofChain = chain.stream().map(Chain.Node::name).collect(Collectors.toSet());
        Set<String> ofBase = base.stream().map(Chain.Node::name).collect(Collectors.toSet());
        if (ofChain.stream().noneMatch(ofBase::contains)) {
            return Optional.empty();
        }
        List<Layer> above = new ArrayList<>();
        chain.stream().filter(node -> !ofBase.contains(node.name())).forEach(node -> above.add(node.layer()));
        base.stream().filter(node -> !ofChain.contains(node.name())).forEach(node -> above.add(node.layer()));
        return Optional.of(new ChangedBlocks(above, baseBytes, sizeBytes).extents());
    }

    private List<DiskRange> extents() throws IOException {
        List<DiskRange> extents = new ArrayList<>();
        long from = -1;
        for (long offset = 0; offset < sizeBytes; ) {
            long run = run(offset);
            if (run > 0 && from < 0) {
                from = offset;
            } else if (run < 0 && from >= 0) {
                extents.add(new DiskRange(from, offset - from));
                from = -1;
            }
            offset += Math.abs(run);
        }
        if (from >= 0) {
            extents.add(new DiskRange(from, sizeBytes - from));
        }
        return extents;
    }

    /** Returns how many bytes from {@code offset} on are alike: positive if they may differ, else negative. */
    private long run(long offset) throws IOException {
        if (offset >= baseBytes) {
            return sizeBytes - offset;
        }
        long length = Math.min(sizeBytes, baseBytes) - offset;
        boolean present = false;
        for (Layer layer : above) {
            long rest = layer.sizeBytes() - offset;
            if (rest <= 0) {
                continue;
            }
            long run = layer.run(offset, Math.min(rest, length));
            present |= run > 0;
            length = Math.abs(run);
        }
        return present ? length : -length;
    }
}
