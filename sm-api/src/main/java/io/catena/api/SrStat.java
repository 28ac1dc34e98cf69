package io.catena.api;

import io.catena.remedy.Advice;
import java.util.List;

/**
 * How full a storage repository is, and how it does.
 *
 * @param description what its owner says of it
 * @param capacityBytes size of the file system
 * @param freeBytes what is left of it for the agent's user
 * @param physicalBytes what the SR's own nodes take on it
 * @param virtualBytes sum of the virtual sizes of all VDIs
 * @param vdis number of VDIs
 * @param nodes number of files that hold data, base copies included
 * @param maxChainDepth number of nodes in the longest chain
 * @param chainLimit number of nodes that a chain may have
 * @param chainWarning number of nodes from which on a chain is warned of
 * @param warnings what is not wrong yet: chains that come near their limit, changes that have to wait
 * @param problems what is wrong with single nodes; empty if all is well
 * @param health all that is wrong, with what to do about it
 */
public record SrStat(
        Sr sr,
        String description,
        long capacityBytes,
        long freeBytes,
        long physicalBytes,
        long virtualBytes,
        int vdis,
        int nodes,
        int maxChainDepth,
        int chainLimit,
        int chainWarning,
        List<Advice> warnings,
        List<NodeProblem> problems,
        SrHealth health) {
    public SrStat {
        warnings = List.copyOf(warnings);
        problems = List.copyOf(problems);
    }
}
