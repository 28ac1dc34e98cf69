package io.catena.agent.smapiv1;

import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.agent.smapiv1.xenapi.NewVdiRow;
import io.catena.api.ChainNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What XAPI's database is to say of a disk or base copy.
 *
 * @param hidden whether it is a base copy, which nobody but the driver deals with
 * @param parent the UUID of the base copy it builds on
 * @param snapshotOf the UUID of the disk that it is a snapshot of
 * @param broken whether its sizes cannot be told now
 * @param withoutData whether it only tells what changed since
 */
record Disk(
        String uuid,
        String label,
        String description,
        boolean hidden,
        boolean readOnly,
        long virtualSizeBytes,
        long physicalBytes,
        @Nullable String parent,
        boolean raw,
        @Nullable String snapshotOf,
        @Nullable Instant created,
        boolean broken,
        boolean cbtEnabled,
        boolean withoutData) {
    static final String PARENT = "vhd-parent";
    static final String TYPE = "type";

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** A disk that users see. A snapshot can be told to be one; other drivers' can be written, so that is what XAPI is told. */
    static Disk of(Vdi vdi, boolean raw) {
        return new Disk(
                vdi.vdi().toString(),
                vdi.name(),
                vdi.description(),
                false,
                vdi.readOnly() && vdi.snapshotOf() == null,
                vdi.virtualSizeBytes(),
                vdi.physicalBytes(),
                vdi.parent() == null ? null : vdi.parent().toString(),
                raw,
                vdi.snapshotOf() == null ? null : vdi.snapshotOf().toString(),
                vdi.created(),
                vdi.state() == Vdi.State.BROKEN,
                XenChangedBlocks.isEnabled(vdi),
                vdi.state() == Vdi.State.WITHOUT_DATA);
    }

    static Disk baseCopy(VdiId id, ChainNode node, @Nullable String parent) {
        return new Disk(
                id.toString(),
                "base copy",
                "",
                true,
                true,
                node.virtualSizeBytes(),
                node.physicalBytes(),
                parent,
                node.file().endsWith(".raw"),
                null,
                null,
                false,
                false,
                false);
    }

    /** Returns the row of a disk that XAPI does not know. */
    NewVdiRow row(String snapshotOfRef) {
        Instant at = created;
        return new NewVdiRow(
                uuid,
                label,
                description,
                withoutData ? "cbt_metadata" : "user",
                readOnly,
                smConfig(),
                virtualSizeBytes,
                physicalBytes,
                NewVdiRow.NULL,
                snapshotOf != null,
                snapshotOf == null || at == null ? NewVdiRow.NEVER : TIME.format(at),
                snapshotOfRef,
                cbtEnabled);
    }

    /** Returns the row of a disk that was made for XAPI just now, which will name it itself. */
    NewVdiRow unnamedRow() {
        return new NewVdiRow(
                uuid,
                hidden ? label : "",
                "",
                "user",
                readOnly,
                smConfig(),
                virtualSizeBytes,
                physicalBytes,
                NewVdiRow.NULL,
                false,
                NewVdiRow.NEVER,
                NewVdiRow.NULL,
                cbtEnabled);
    }

    /** The keys that are the driver's to set; others' are left alone. */
    Map<String, String> smConfig() {
        Map<String, String> config = new TreeMap<>();
        String base = parent;
        if (base != null) {
            config.put(PARENT, base);
        }
        if (raw) {
            config.put(TYPE, "raw");
        }
        return config;
    }
}
