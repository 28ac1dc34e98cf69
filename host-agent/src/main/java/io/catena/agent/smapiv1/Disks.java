package io.catena.agent.smapiv1;

import io.catena.api.SrInventory;
import io.catena.api.SrStat;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

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
        for (TreeNode root : inventory.tree()) {
            add(all, vdis, root, null);
        }
        vdis.forEach((id, vdi) -> all.putIfAbsent(id.toString(), Disk.of(vdi, false)));
        return new Disks(all, unreadable(inventory.stat()));
    }

    /** A base copy that nothing builds on any more is deleted soon; nobody should see it. */
    private static void add(Map<String, Disk> all, Map<VdiId, Vdi> vdis, TreeNode node, @Nullable String parent) {
        VdiId id = node.id();
        Vdi vdi = id == null ? null : vdis.get(id);
        if (vdi != null) {
            all.put(vdi.vdi().toString(), Disk.of(vdi, node.file().endsWith(".raw")));
        } else if (id != null && node.hidden() && !node.children().isEmpty()) {
            all.put(id.toString(), Disk.baseCopy(node, parent));
        }
        for (TreeNode child : node.children()) {
            add(all, vdis, child, id == null ? null : id.toString());
        }
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
