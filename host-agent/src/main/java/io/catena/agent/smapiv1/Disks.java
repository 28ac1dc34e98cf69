package io.catena.agent.smapiv1;

import io.catena.api.ChainNode;
import io.catena.api.SrInventory;
import io.catena.api.SrStat;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * All disks and base copies of an SR at one moment, by UUID.
 *
 * @param unreadable UUIDs of files that cannot be read: it is not known what they are, and they are not to be forgotten
 */
record Disks(Map<String, Disk> all, Set<String> unreadable) {
    static Disks of(SrInventory inventory) {
        // The disks first: one that is made meanwhile may lack among them, and is not found in the tree then.
        Map<VdiId, Vdi> vdis = new HashMap<>();
        inventory.vdis().forEach(vdi -> vdis.put(vdi.vdi(), vdi));
        Map<String, Disk> all = new LinkedHashMap<>();
        Map<String, VdiId> ids = new HashMap<>();
        for (ChainNode node : inventory.nodes()) {
            VdiId id = node.id();
            if (id != null) {
                ids.put(node.file(), id);
                disk(node, id, vdis, ids).ifPresent(disk -> all.put(id.toString(), disk));
            }
        }
        vdis.forEach((id, vdi) -> all.putIfAbsent(id.toString(), Disk.of(vdi, false)));
        return new Disks(all, unreadable(inventory.stat()));
    }

    /**
     * A base copy that nothing builds on any more is deleted soon; nobody should see it.
     *
     * @param ids those of the nodes below, by their files
     */
    private static Optional<Disk> disk(ChainNode node, VdiId id, Map<VdiId, Vdi> vdis, Map<String, VdiId> ids) {
        Vdi vdi = vdis.get(id);
        if (vdi != null) {
            return Optional.of(Disk.of(vdi, node.file().endsWith(".raw")));
        }
        if (!node.hidden() || node.children() == 0) {
            return Optional.empty();
        }
        VdiId parent = node.parent() == null ? null : ids.get(node.parent());
        return Optional.of(Disk.baseCopy(id, node, parent == null ? null : parent.toString()));
    }

    private static Set<String> unreadable(SrStat stat) {
        Set<String> uuids = new TreeSet<>();
        stat.problems().forEach(problem -> uuids.add(problem.file().replaceFirst("\\.[a-z]+$", "")));
        return uuids;
    }

    /** Returns a disk or base copy. */
    Disk get(String uuid) {
        Disk disk = all.get(uuid);
        if (disk == null) {
            throw DriverCall.noVdi(uuid);
        }
        return disk;
    }
}
