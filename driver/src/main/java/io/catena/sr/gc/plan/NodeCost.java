package io.catena.sr.gc.plan;

import java.util.BitSet;

/**
 * What a node takes.
 *
 * @param allocatedBytes on the file system
 * @param blocks which of its blocks it holds, whole or in part
 * @param blockBytes what a whole block takes, its bitmap included
 * @param headerBytes what headers, BAT and footer take at most
 */
record NodeCost(long allocatedBytes, BitSet blocks, long blockBytes, long headerBytes) {
    /** Returns what a file takes at most that holds what this one and another hold. */
    long unionBytes(NodeCost other) {
        if (blockBytes != other.blockBytes) {
            return allocatedBytes + other.allocatedBytes;
        }
        BitSet union = (BitSet) blocks.clone();
        union.or(other.blocks);
        long whole = union.cardinality() * blockBytes + Math.max(headerBytes, other.headerBytes);
        return Math.min(allocatedBytes + other.allocatedBytes, whole);
    }

    /** Returns this and another as one. */
    NodeCost with(NodeCost other) {
        BitSet union = (BitSet) blocks.clone();
        union.or(other.blocks);
        return new NodeCost(unionBytes(other), union, blockBytes, Math.max(headerBytes, other.headerBytes));
    }
}
