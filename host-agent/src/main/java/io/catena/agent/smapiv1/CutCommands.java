package io.catena.agent.smapiv1;

import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The commands that cut a disk: snapshot and clone. Guests need not be paused for that by anybody: the agent cuts under their
 * writes.
 *
 * <ol>
 *   <li>Cut. From now on the new disk is there; a scan would tell XAPI of it.
 *   <li>Introduce the new disk to XAPI. If that fails, destroy it again: XAPI's caller will be told that nothing was made.
 *   <li>Introduce the base copy, if there is a new one, and tell XAPI what the disk builds on now. A scan tells these, too.
 * </ol>
 */
final class CutCommands {
    private static final String PARAMS = "driver_params";

    private final Place place;
    private final Supplier<UUID> newIds;

    CutCommands(Place place, Supplier<UUID> newIds) {
        this.place = place;
        this.newIds = newIds;
    }

    /**
     * Takes a snapshot. Of the type {@code single} or {@code internal} it is a base copy and no disk: returned is the base copy, or the
     * disk itself if nothing was written to it.
     */
    XmlRpcValue snapshot(DriverCall call, Rows rows) {
        if (!call.has(PARAMS)) {
            throw SmFault.python("'" + PARAMS + "'");
        }
        Map<String, String> params = call.map(PARAMS);
        if (params.containsKey("mirror")) {
            throw SmFault.of(SmError.UNIMPLEMENTED, "A disk of this SR cannot be the source of a mirror");
        }
        StorageRepository repository = place.repository(call);
        VdiId source = call.vdi();
        Vdi before = repository.vdi(source);
        VdiId made = new VdiId(newIds.get());
        Map<String, String> keys = XenChangedBlocks.inherited(before);
        List<SnapshotResult> unused = repository.snapshot(List.of(new SnapshotSpec(source, made, "", keys)));
        String type = params.getOrDefault("type", "double");
        return type.equals("single") || type.equals("internal")
                ? baseOnly(call, rows, repository, before, made)
                : both(call, rows, repository, made);
    }

    XmlRpcValue clone(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        return both(call, rows, repository, repository.clone(call.vdi(), "").vdi());
    }

    private XmlRpcValue both(DriverCall call, Rows rows, StorageRepository repository, VdiId made) {
        Disks disks = Disks.of(repository);
        Disk leaf = disks.get(made.toString());
        try {
            rows.introduce(leaf, leaf.unnamedRow());
            tellSource(call, rows, disks, leaf.parent());
        } catch (XenApiException e) {
            rows.undo(repository, made);
            throw e;
        }
        rows.tryWriteSizes(repository);
        return VdiCommands.told(made);
    }

    private XmlRpcValue baseOnly(DriverCall call, Rows rows, StorageRepository repository, Vdi before, VdiId made) {
        Disks disks = Disks.of(repository);
        String base = disks.get(made.toString()).parent();
        repository.destroy(made);
        boolean unchanged = Objects.equals(
                base, before.parent() == null ? null : before.parent().toString());
        tellSource(call, rows, disks, base);
        rows.tryWriteSizes(repository);
        return VdiCommands.told(unchanged || base == null ? call.vdi() : VdiId.parse(base));
    }

    private static void tellSource(DriverCall call, Rows rows, Disks disks, @Nullable String base) {
        rows.introduceBase(disks, base);
        String source = call.vdi().toString();
        String ref = rows.vdis().find(source).orElseGet(call::vdiRef);
        rows.writeConfig(disks.get(source), ref, rows.vdis().smConfig(ref));
    }
}
