package io.catena.agent.smapiv1;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where an SR lies, and its disks if it is attached. XAPI's UUID of an SR is its id here, too. */
final class Place {
    private static final String LOCATION = "location";

    private final StorageHost host;

    Place(StorageHost host) {
        this.host = host;
    }

    /** Refuses a call that does not say where its SR lies. */
    static void checked(DriverCall call) {
        if (!call.deviceConfig().containsKey(LOCATION)) {
            throw SmFault.of(SmError.LOCATION_MISSING);
        }
    }

    /** Returns the directory that a call is about. */
    Path directory(DriverCall call) {
        checked(call);
        Map<String, String> config = call.deviceConfig();
        try {
            Path path = Path.of(config.getOrDefault(LOCATION, ""));
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (InvalidPathException e) {
            throw SmFault.of(SmError.SR_UNAVAILABLE, "location cannot be the name of a directory", e);
        }
        throw SmFault.of(SmError.SR_UNAVAILABLE, "location is not an absolute path");
    }

    /** Returns the disks of an SR; none if it is not attached. */
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

    /** Returns the disks of the SR that a call is about, which must be attached. */
    StorageRepository repository(DriverCall call) {
        SrId sr = call.sr();
        return find(sr).orElseThrow(() ->
                SmFault.of(SmError.SR_UNAVAILABLE, "SR " + sr + " is not attached on this host. Plug its PBD."));
    }
}
