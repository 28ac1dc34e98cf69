package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.NewVdiRow;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrInventory;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import io.catena.api.VdiSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The commands that make, change and remove disks.
 *
 * <p>Each changes the disks first and XAPI's database then. If XAPI fails meanwhile, what was made is removed again; if the agent
 * dies in between, the next scan tells XAPI what there is.
 */
final class VdiCommands {
    private static final Set<String> KEPT_CONFIG = Set.of("base_mirror");

    private final Place place;
    private final Supplier<UUID> newIds;

    VdiCommands(Place place, Supplier<UUID> newIds) {
        this.place = place;
        this.newIds = newIds;
    }

    /** Arguments: size, label, description, pool, snapshot?, time, snapshot of, read-only?. */
    XmlRpcValue create(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        Map<String, String> config = call.map("vdi_sm_config");
        boolean raw = isRaw(config);
        Map<String, String> kept = new LinkedHashMap<>(config);
        kept.keySet().retainAll(KEPT_CONFIG);
        VdiId id = call.text("vdi_uuid").isPresent() ? call.vdi() : new VdiId(newIds.get());
        refuseTwin(call, repository, rows, id);
        VdiSpec spec = new VdiSpec(size(call, raw), call.argument(1), call.argument(2), id, raw, kept);
        Vdi made = created(repository, spec);
        Map<String, String> smConfig = new LinkedHashMap<>(kept);
        smConfig.putAll(Disk.of(made, raw).smConfig());
        NewVdiRow row = new NewVdiRow(
                id.toString(),
                spec.name(),
                spec.description(),
                call.text("vdi_type").orElse("user"),
                Boolean.parseBoolean(call.argument(7)),
                smConfig,
                made.virtualSizeBytes(),
                made.physicalBytes(),
                call.argument(3),
                Boolean.parseBoolean(call.argument(4)),
                call.argument(5),
                call.argument(6),
                false);
        try {
            rows.introduce(Disk.of(made, raw), row);
        } catch (XenApiException e) {
            rows.undo(repository, id);
            throw e;
        }
        rows.tryWriteSizes(repository);
        return told(id);
    }

    private static boolean isRaw(Map<String, String> config) {
        if (config.containsKey("key_hash")) {
            throw SmFault.of(SmError.UNIMPLEMENTED, "An encrypted disk cannot be made: nothing here would encrypt it");
        }
        String format = config.getOrDefault("image-format", "vhd");
        String type = config.getOrDefault(Disk.TYPE, format);
        return switch (type) {
            case "vhd" -> false;
            case "raw" -> true;
            default -> throw SmFault.of(SmError.VDI_TYPE, "Invalid VDI type " + type);
        };
    }

    private static long size(DriverCall call, boolean raw) {
        long bytes = call.bytes(0);
        return bytes == 0 && !raw ? 1 : bytes;
    }

    /** One that was made and not told to XAPI, since somebody died in between, is told now. */
    private static void refuseTwin(DriverCall call, SrInventory inventory, Rows rows, VdiId id) {
        boolean there = inventory.vdis().stream().anyMatch(vdi -> vdi.vdi().equals(id));
        if (call.text("vdi_uuid").isPresent()
                && there
                && rows.vdis().find(id.toString()).isPresent()) {
            throw SmFault.of(SmError.VDI_EXISTS);
        }
    }

    private static Vdi created(VdiOperations disks, VdiSpec spec) {
        try {
            return disks.create(spec);
        } catch (SrException e) {
            if (e.error() == SrError.VDI_SIZE && !spec.raw()) {
                throw SmFault.of(SmError.VDI_SIZE, "VDI size must be between 1 MB and 2088960 MB", e);
            }
            throw e;
        }
    }

    /** A disk that is gone is deleted already. */
    XmlRpcValue delete(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        VdiId id = call.vdi();
        repository.destroy(id);
        rows.vdis().find(id.toString()).ifPresent(ref -> rows.vdis().forget(ref));
        rows.tryWriteSizes(repository);
        return XmlRpcValue.nil();
    }

    /** Takes XAPI's name and description, and tells it the rest. */
    XmlRpcValue update(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        VdiId id = call.vdi();
        Vdi vdi = repository.vdi(id);
        String ref = ref(call, rows);
        String label = rows.vdis().label(ref);
        String description = rows.vdis().description(ref);
        if (!label.equals(vdi.name()) || !description.equals(vdi.description())) {
            repository.set(id, new VdiChange(label, description, Map.of(), Set.of()));
        }
        rows.write(Disks.of(repository).get(id.toString()), ref);
        return XmlRpcValue.nil();
    }

    XmlRpcValue resize(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        VdiId id = call.vdi();
        long wanted = call.bytes(0);
        long before = repository.vdi(id).virtualSizeBytes();
        if (wanted < before) {
            throw SmFault.of(SmError.VDI_SIZE, "shrinking not allowed");
        }
        if (wanted > before) {
            repository.resize(id, wanted);
        }
        // Told again in any case: the answer to an earlier call may have been lost.
        Disk disk = Disks.of(repository).get(id.toString());
        String ref = ref(call, rows);
        rows.write(disk, ref);
        rows.tryWriteSizes(repository);
        return told(id);
    }

    /** Arguments: the reference of the disk that is to be the parent. */
    XmlRpcValue compose(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        String parentRef = call.argument(0);
        VdiId parent = VdiId.parse(rows.vdis().uuid(parentRef));
        VdiId child = call.vdi();
        repository.compose(parent, child);
        rows.vdis().setManaged(parentRef, false);
        Disk composed = Disks.of(repository).get(child.toString());
        String ref = ref(call, rows);
        rows.writeConfig(composed, ref, rows.vdis().smConfig(ref));
        return XmlRpcValue.nil();
    }

    /** The disk of the call is the snapshot. Arguments: the reference of the disk that gets its content. */
    XmlRpcValue revert(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        String targetRef = call.argument(0);
        VdiId target = VdiId.parse(rows.vdis().uuid(targetRef));
        repository.revert(target, call.vdi());
        Disks disks = Disks.of(repository);
        Disk reverted = disks.get(target.toString());
        rows.introduceBase(disks, reverted.parent());
        rows.write(reverted, targetRef);
        rows.tryWriteSizes(repository);
        return XmlRpcValue.nil();
    }

    /** Before a boot, a disk that is set to be reset loses what was written to it. */
    XmlRpcValue epochBegin(DriverCall call) {
        StorageRepository repository = place.repository(call);
        VdiId id = call.vdi();
        if (call.text("vdi_on_boot").orElse("persist").equals("reset")) {
            repository.reset(id);
        } else {
            repository.vdi(id);
        }
        return XmlRpcValue.nil();
    }

    XmlRpcValue epochEnd(DriverCall call) {
        place.repository(call).vdi(call.vdi());
        return XmlRpcValue.nil();
    }

    /** Returns a call that attaches the disk while there is no XAPI, as text. */
    XmlRpcValue generateConfig(DriverCall call) {
        place.repository(call).vdi(call.vdi());
        Map<String, XmlRpcValue> members = new LinkedHashMap<>();
        members.put("device_config", XmlRpcValue.of(call.deviceConfig()));
        members.put("sr_uuid", XmlRpcValue.of(call.sr().toString()));
        members.put("vdi_uuid", XmlRpcValue.of(call.vdi().toString()));
        members.put("command", XmlRpcValue.of("vdi_attach_from_config"));
        XmlRpcCall later = new XmlRpcCall("vdi_attach_from_config", List.of(new XmlRpcValue.Struct(members)));
        return XmlRpcValue.of(later.text());
    }

    /** Returns XAPI's reference of the call's disk. */
    private static String ref(DriverCall call, Rows rows) {
        return rows.vdis().find(call.vdi().toString()).orElseGet(call::vdiRef);
    }

    static XmlRpcValue told(VdiId id) {
        Map<String, String> answer = new LinkedHashMap<>();
        answer.put("location", id.toString());
        answer.put("uuid", id.toString());
        return XmlRpcValue.of(answer);
    }
}
