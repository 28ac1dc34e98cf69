package io.catena.agent.guest;

import io.catena.api.AccessMode;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the repositories of disks that guests use: copies of an SR have disks of the same ids, but one of them is attached. */
final class AttachedDisks {
    private final StorageHost host;

    AttachedDisks(StorageHost host) {
        this.host = host;
    }

    /** An SR that is attached. */
    record Place(Sr sr, StorageRepository repository) {}

    /** Returns where a disk is open for I/O. */
    Optional<Place> placeOf(VdiId vdi) {
        return holders(vdi).stream()
                .filter(place -> place.repository().vdi(vdi).state() == Vdi.State.ACTIVE)
                .findFirst();
    }

    /** Returns the repository in which a disk is open for I/O. */
    Optional<StorageRepository> repositoryOf(VdiId vdi) {
        return placeOf(vdi).map(Place::repository);
    }

    /** Attaches a disk that a guest uses, if only one repository has it and it is not open for I/O. */
    void restore(GuestDisk disk) {
        if (repositoryOf(disk.vdi()).isPresent()) {
            return;
        }
        List<Place> holders = holders(disk.vdi());
        if (holders.size() != 1) {
            throw new SrException(
                            SrError.VDI_MISSING,
                            holders.size() + " attached SRs have VDI " + disk.vdi() + ", which a guest uses as "
                                    + disk.target() + "; expected one")
                    .correction("Attach its SR: ", Remedy.of(Verb.SR_ATTACH, "DIR"));
        }
        holders.get(0).repository().attach(disk.vdi(), disk.mode());
    }

    /** Returns how a disk is attached now, if it is. */
    Optional<AccessMode> mode(VdiId vdi) {
        return repositoryOf(vdi)
                .map(repository -> repository.vdi(vdi))
                .map(Vdi::export)
                .map(export -> export.mode());
    }

    private List<Place> holders(VdiId vdi) {
        List<Place> holders = new ArrayList<>();
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                StorageRepository repository = host.repository(sr.id());
                if (has(repository, vdi)) {
                    holders.add(new Place(sr, repository));
                }
            }
        }
        return holders;
    }

    private static boolean has(StorageRepository repository, VdiId vdi) {
        try {
            return repository.vdi(vdi).vdi().equals(vdi);
        } catch (SrException e) {
            // Whatever is wrong with this SR must not hide the disk in another.
            return false;
        }
    }
}
