package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.tap.GuestPath;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.VdiAccess;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The commands by which guests get at disks. All work is done by activate and deactivate; attach only tells where a disk will be.
 */
final class Activation {
    private static final Logger LOG = Logger.getLogger(Activation.class.getName());

    /** XAPI sees to it that all guests of a host share one activation. */
    private static final String HOLDER = "xapi";

    private static final String KEY = "host_";

    private final Place place;
    private final Function<VdiId, Path> sockets;

    /**
     * @param sockets returns the NBD socket of an active disk
     */
    Activation(Place place, Function<VdiId, Path> sockets) {
        this.place = place;
        this.sockets = sockets;
    }

    /** Returns the key by which a host says in a disk's {@code sm_config} that it has the disk active. */
    static String keyOf(String host) {
        return KEY + host;
    }

    /** Whether XAPI has a disk active on this host. */
    static boolean isActive(VdiAccess disks, String vdi) {
        return disks.holds().stream()
                .anyMatch(hold ->
                        hold.vdi().toString().equals(vdi) && hold.holder().equals(HOLDER) && hold.active() != null);
    }

    XmlRpcValue attach(DriverCall call, DriverOptions options) {
        VdiId vdi = call.vdi();
        place.repository(call).vdi(vdi);
        return answer(call, vdi, options);
    }

    private static XmlRpcValue answer(DriverCall call, VdiId vdi, DriverOptions options) {
        Map<String, XmlRpcValue> answer = new LinkedHashMap<>();
        answer.put(
                "params_nbd",
                XmlRpcValue.of(GuestPath.paramsNbd(options.links(), call.sr().toString(), vdi.toString())));
        answer.put("o_direct", XmlRpcValue.of(true));
        answer.put("o_direct_reason", XmlRpcValue.of("SR_NOT_SUPPORTED"));
        answer.put("xenstore_data", XmlRpcValue.of(ScsiPages.of(vdi.toString())));
        return new XmlRpcValue.Struct(answer);
    }

    XmlRpcValue detach(DriverCall call) {
        place.repository(call).vdi(call.vdi());
        return XmlRpcValue.nil();
    }

    /**
     * Opens a disk for this host's guests. Can be repeated.
     *
     * <ol>
     *   <li>Say in XAPI's database that this host has it, unless another host does, see {@link HostKeys}.
     *   <li>Open the disk; the agent remembers that, and serves it again after a restart.
     *   <li>Let guests reach it, see {@link GuestPath#open}.
     * </ol>
     *
     * What fails is undone in reverse order. If the agent dies in between, XAPI asks again, or to deactivate.
     */
    XmlRpcValue activate(DriverCall call, Rows rows, HostKeys keys, DriverOptions options) {
        StorageRepository repository = place.repository(call);
        VdiId vdi = call.vdi();
        AccessMode mode = Boolean.parseBoolean(call.argument(0)) ? AccessMode.READ_WRITE : AccessMode.READ_ONLY;
        repository.vdi(vdi);
        String ref = rows.vdis().find(vdi.toString()).orElseGet(call::vdiRef);
        boolean ours = isActive(repository, vdi.toString());
        keys.take(ref, vdi, mode);
        try {
            open(call, repository, vdi, mode, options);
        } catch (SrException | SmFault e) {
            if (!ours) {
                keys.giveBack(ref, e);
            }
            throw e;
        } finally {
            keys.settled(ref);
        }
        return XmlRpcValue.nil();
    }

    private void open(DriverCall call, VdiAccess disks, VdiId vdi, AccessMode mode, DriverOptions options) {
        boolean ours = isActive(disks, vdi.toString());
        disks.attachAndActivate(vdi, HOLDER, mode);
        try {
            guests(options)
                    .open(call.sr().toString(), vdi.toString(), sockets.apply(vdi), mode == AccessMode.READ_ONLY);
        } catch (IOException | SrException e) {
            if (!ours) {
                abandon(disks, vdi, e);
            }
            throw SmFault.of(SmError.TAPDISK, String.valueOf(e.getMessage()), e);
        }
    }

    private static void abandon(VdiAccess disks, VdiId vdi, Exception reason) {
        try {
            disks.detach(vdi, HOLDER);
        } catch (SrException e) {
            reason.addSuppressed(e);
        }
    }

    /**
     * Ends what {@link #activate} began; does nothing if it did not.
     *
     * <ol>
     *   <li>Stop the tapdisk, see {@link GuestPath#close}.
     *   <li>Close the disk, after all writes are on disk.
     *   <li>Say in XAPI's database that this host does not have it any more: from now on another may.
     * </ol>
     */
    XmlRpcValue deactivate(DriverCall call, Rows rows, HostKeys keys, DriverOptions options) {
        StorageRepository repository = place.repository(call);
        VdiId vdi = call.vdi();
        repository.vdi(vdi);
        close(call, repository, vdi, options);
        rows.vdis().find(vdi.toString()).ifPresent(keys::drop);
        return XmlRpcValue.nil();
    }

    private void close(DriverCall call, VdiAccess disks, VdiId vdi, DriverOptions options) {
        GuestPath guests = guests(options);
        if (isActive(disks, vdi.toString()) || guests.isOpen(call.sr().toString(), vdi.toString())) {
            try {
                guests.close(call.sr().toString(), vdi.toString(), socket(vdi));
            } catch (IOException e) {
                throw SmFault.of(SmError.TAPDISK, String.valueOf(e.getMessage()), e);
            }
        }
        disks.detach(vdi, HOLDER);
    }

    /** A disk that is not active any more has no socket; a tapdisk may have outlived it. */
    private Path socket(VdiId vdi) {
        try {
            return sockets.apply(vdi);
        } catch (SrException e) {
            if (e.error() != SrError.VDI_UNAVAILABLE) {
                throw e;
            }
            LOG.log(Level.FINE, LogLine.of("smapiv1-no-socket", "vdi", vdi), e);
            return Path.of(vdi.toString());
        }
    }

    /** Attaches and activates a disk, and its SR if need be, while there may be no XAPI: by what generate_config gave. */
    XmlRpcValue attachFromConfig(DriverCall call, SrCommands srs, DriverOptions options) {
        open(call, srs.attached(call), call.vdi(), AccessMode.READ_WRITE, options);
        return answer(call, call.vdi(), options);
    }

    /** Ends what {@link #attachFromConfig} began; the SR stays attached. */
    XmlRpcValue detachFromConfig(DriverCall call, DriverOptions options) {
        place.find(call.sr()).ifPresent(repository -> close(call, repository, call.vdi(), options));
        return XmlRpcValue.nil();
    }

    private static GuestPath guests(DriverOptions options) {
        return new GuestPath(options.tapCtl(), options.links());
    }
}
