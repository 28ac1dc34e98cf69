package io.catena.agent.cbt;

import io.catena.agent.control.Names;
import io.catena.agent.nbd.context.Changes;
import io.catena.api.DiskRange;
import io.catena.api.SrInventory;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Objects;

/** Tells clients of NBD what changed in exported disks since snapshots, which nobody can write. */
public final class SnapshotChanges implements Changes {
    private final Names names;

    public SnapshotChanges(StorageHost host) {
        names = new Names(host);
    }

    /** The other snapshots of the same disk. */
    @Override
    public List<VdiId> bases(VdiId disk) {
        SrInventory inventory = names.vdi(disk.toString()).repository();
        VdiId of = Objects.requireNonNullElse(inventory.vdi(disk).snapshotOf(), disk);
        return inventory.vdis().stream()
                .filter(vdi -> of.equals(vdi.snapshotOf()) && !vdi.vdi().equals(disk))
                .map(Vdi::vdi)
                .toList();
    }

    @Override
    public List<DiskRange> since(VdiId base, VdiId disk) {
        StorageRepository repository = names.vdi(disk.toString()).repository();
        Vdi vdi = repository.vdi(base);
        if (vdi.snapshotOf() == null || !vdi.readOnly()) {
            throw new IllegalArgumentException("VDI " + base + " is no snapshot: what differs from it may change");
        }
        return repository.contents().changes(disk, base);
    }
}
