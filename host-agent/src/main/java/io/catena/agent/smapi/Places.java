package io.catena.agent.smapi;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import java.util.Optional;

/** Finds what the opaque strings of XAPI stand for: an SR's "sr" is its id, a volume's "key" is the disk's id. */
final class Places {
    private final StorageHost host;

    Places(StorageHost host) {
        this.host = host;
    }

    /** Returns the SR that is attached as {@code sr}. */
    SrId attached(String sr) {
        return find(sr).map(repository -> SrId.parse(sr)).orElseThrow(() -> Refusal.srNotAttached(sr));
    }

    StorageRepository repository(String sr) {
        return find(sr).orElseThrow(() -> Refusal.srNotAttached(sr));
    }

    /** Returns the repository of an attached SR; none if it is not attached. */
    Optional<StorageRepository> find(String sr) {
        return Uuids.isUuid(sr) ? find(SrId.parse(sr)) : Optional.empty();
    }

    Optional<StorageRepository> find(SrId sr) {
        try {
            return Optional.of(host.repository(sr));
        } catch (SrException e) {
            if (e.error() == SrError.SR_UNAVAILABLE) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** A volume and the repository that holds it. */
    record Volume(StorageRepository repository, VdiId vdi, String key) {}

    /** Returns the volume that {@code key} stands for; whether there is one shows when it is used. */
    Volume volume(String sr, String key) {
        return new Volume(repository(sr), id(key), key);
    }

    static VdiId id(String key) {
        if (!Uuids.isUuid(key)) {
            throw Refusal.noVolume(key);
        }
        return VdiId.parse(key);
    }
}
