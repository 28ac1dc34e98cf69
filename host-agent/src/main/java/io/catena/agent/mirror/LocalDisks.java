package io.catena.agent.mirror;

import io.catena.agent.nbd.client.NbdPlace;
import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Those of an SR of this host. */
record LocalDisks(SrId sr, StorageRepository repository, Duration patience) implements Disks {
    private static final String HOLDER = "mirror";

    @Override
    public Optional<Found> find(VdiId id) {
        try {
            Vdi found = repository.vdi(id);
            return Optional.of(new Found(found.virtualSizeBytes(), found.keys()));
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public void create(VdiSpec spec) {
        repository.create(spec);
    }

    @Override
    public RemoteDisk open(VdiId id) throws IOException {
        release(id);
        Export export = repository.attachAndActivate(id, HOLDER, AccessMode.READ_WRITE);
        return RemoteDisk.connect(NbdPlace.parse(export.uri()), patience);
    }

    @Override
    public void release(VdiId id) {
        repository.detach(id, HOLDER);
    }

    @Override
    public void removeKey(VdiId id, String key) {
        repository.set(id, new VdiChange(null, null, Map.of(), Set.of(key)));
    }

    @Override
    public String text() {
        return "SR " + sr;
    }
}
