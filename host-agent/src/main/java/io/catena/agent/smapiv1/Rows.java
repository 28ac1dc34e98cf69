package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.NewVdiRow;
import io.catena.agent.smapiv1.xenapi.SrTable;
import io.catena.agent.smapiv1.xenapi.VdiRow;
import io.catena.agent.smapiv1.xenapi.VdiTable;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.api.SrException;
import io.catena.api.SrInventory;
import io.catena.api.SrStat;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import io.catena.log.LogLine;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the rows of one SR in XAPI's database in step with its disks. The disks are the authority: every change is made there
 * first, and told here; what was not told, since XAPI or the agent died, is told by the next scan.
 */
final class Rows {
    private static final Logger LOG = Logger.getLogger(Rows.class.getName());

    private final VdiTable vdis;
    private final SrTable srs;
    private final String sr;

    /**
     * @param sr XAPI's reference of the SR
     */
    Rows(VdiTable vdis, SrTable srs, String sr) {
        this.vdis = vdis;
        this.srs = srs;
        this.sr = sr;
    }

    VdiTable vdis() {
        return vdis;
    }

    /** Tells XAPI of all disks; forgets the rows of those that are gone. Returns the rows that there were. */
    Collection<VdiRow> synchronise(SrInventory inventory) {
        Disks disks = Disks.of(inventory);
        Map<String, VdiRow> rows = new HashMap<>();
        vdis.ofSr(sr).forEach(row -> rows.put(row.location(), row));
        for (Disk disk : disks.all().values()) {
            VdiRow row = rows.get(disk.uuid());
            if (row == null) {
                introduce(disk, disk.row(snapshotOf(disk, rows)));
            } else if (!disk.broken()) {
                update(disk, row);
            }
        }
        rows.values().stream()
                .filter(row -> !disks.all().containsKey(row.location())
                        && !disks.unreadable().contains(row.location()))
                .forEach(row -> vdis.forget(row.ref()));
        return rows.values();
    }

    private static String snapshotOf(Disk disk, Map<String, VdiRow> rows) {
        VdiRow original = disk.snapshotOf() == null ? null : rows.get(disk.snapshotOf());
        return original == null ? NewVdiRow.NULL : original.ref();
    }

    /** Makes a row; a base copy's is one that nobody but the driver manages. */
    void introduce(Disk disk, NewVdiRow row) {
        String ref = vdis.introduce(sr, row);
        if (disk.hidden()) {
            vdis.setManaged(ref, false);
        }
    }

    /** Makes the row of a base copy unless it is there. */
    void introduceBase(Disks disks, @Nullable String uuid) {
        if (uuid != null && vdis.find(uuid).isEmpty()) {
            Disk base = disks.get(uuid);
            introduce(base, base.unnamedRow());
        }
    }

    /** Removes a disk of which XAPI could not be told: its caller will hear that nothing was made. */
    void undo(VdiOperations disks, VdiId made) {
        try {
            disks.destroy(made);
            vdis.find(made.toString()).ifPresent(vdis::forget);
        } catch (SrException | XenApiException e) {
            LOG.log(Level.WARNING, LogLine.of("smapiv1-not-undone", "vdi", made), e);
        }
    }

    private void update(Disk disk, VdiRow row) {
        if (disk.hidden() == row.managed()) {
            vdis.setManaged(row.ref(), !disk.hidden());
        }
        boolean same = disk.virtualSizeBytes() == row.virtualSizeBytes()
                && disk.physicalBytes() == row.physicalBytes()
                && disk.readOnly() == row.readOnly()
                && disk.cbtEnabled() == row.cbtEnabled();
        if (!same) {
            writeFields(disk, row.ref());
        }
        writeConfig(disk, row.ref(), row.smConfig());
    }

    /** Writes all that the driver knows of a disk. */
    void write(Disk disk, String ref) {
        writeFields(disk, ref);
        writeConfig(disk, ref, vdis.smConfig(ref));
    }

    private void writeFields(Disk disk, String ref) {
        vdis.setVirtualSize(ref, disk.virtualSizeBytes());
        vdis.setPhysicalUtilisation(ref, disk.physicalBytes());
        vdis.setReadOnly(ref, disk.readOnly());
        vdis.setCbtEnabled(ref, disk.cbtEnabled());
    }

    /** Changes single keys: whoever writes another key at the same time does not lose it. */
    void writeConfig(Disk disk, String ref, Map<String, String> present) {
        Map<String, String> wanted = disk.smConfig();
        for (String key : List.of(Disk.PARENT, Disk.TYPE)) {
            String value = wanted.get(key);
            String old = present.get(key);
            if (value == null && old != null) {
                vdis.removeSmConfig(ref, key);
            } else if (value != null && old == null) {
                boolean unused = vdis.addSmConfig(ref, key, value);
            } else if (value != null && !value.equals(old)) {
                vdis.putSmConfig(ref, key, value);
            }
        }
    }

    /** Tells XAPI how full the SR is. */
    void writeSizes(SrStat stat) {
        srs.setSizes(sr, stat.virtualBytes(), stat.capacityBytes(), stat.capacityBytes() - stat.freeBytes());
    }

    /** As {@link #writeSizes}, after something that is done already: a failure is mended by the next scan. */
    void tryWriteSizes(SrInventory inventory) {
        try {
            writeSizes(inventory.stat());
        } catch (XenApiException e) {
            LOG.log(Level.WARNING, LogLine.of("smapiv1-sizes-not-told", "sr", sr), e);
        }
    }
}
