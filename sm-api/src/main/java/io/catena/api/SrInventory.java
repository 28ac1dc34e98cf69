package io.catena.api;

import java.util.List;

/** What there is in an SR. Waits for nothing that changes it. */
public interface SrInventory {
    /** Returns how full the SR is. */
    SrStat stat();

    /** Returns the disks, base copies left out. */
    List<Vdi> vdis();

    /**
     * Returns a disk.
     *
     * @throws SrException {@link SrError#VDI_MISSING} if there is none with this id
     */
    Vdi vdi(VdiId id);

    /** Returns the nodes of all chains, each after the one that it builds on. */
    List<ChainNode> nodes();

    /** Returns the same for people to look at, nested: long chains are cut. */
    default List<TreeNode> tree() {
        return TreeNode.of(nodes());
    }
}
