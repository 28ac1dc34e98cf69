package io.catena.agent.smapiv1;

import io.catena.api.LocationProbe;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLocation;
import io.catena.api.SrProbe;
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
        if (NfsPlace.isMeant(call)) {
            NfsPlace.checked(call);
        } else if (!call.deviceConfig().containsKey(LOCATION)) {
            throw SmFault.of(SmError.LOCATION_MISSING);
        }
    }

    /** Returns where the SR lies that a call is about. */
    SrLocation location(DriverCall call) {
        checked(call);
        return NfsPlace.isMeant(call) ? NfsPlace.sr(call) : SrLocation.file(directory(call));
    }

    /** Looks at where the SR lies, or will, that a call is about. */
    SrProbe look(DriverCall call) {
        checked(call);
        return NfsPlace.isMeant(call) ? onServer(NfsPlace.sr(call)).found().get(0) : host.probe(directory(call));
    }

    /** Looks at what is on a server. Nothing but the server can be the reason if that is not possible. */
    LocationProbe onServer(SrLocation location) {
        try {
            return host.probe(location);
        } catch (SrException e) {
            throw e.error() == SrError.SR_UNAVAILABLE ? SmFault.of(SmError.NFS_MOUNT, e.detail(), e) : e;
        }
    }

    /** Returns the directory that a call is about, of an SR in one. */
    Path directory(DriverCall call) {
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
