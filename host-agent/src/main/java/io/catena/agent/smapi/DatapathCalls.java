package io.catena.agent.smapi;

import com.google.gson.JsonElement;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The methods {@code Datapath.*}. Each domain holds a disk on its own: during a migration two have it attached, and one
 * after the other has it active.
 */
final class DatapathCalls {
    private static final Logger LOG = Logger.getLogger(DatapathCalls.class.getName());

    private final StorageHost host;
    private final Places places;
    private final Function<VdiId, Path> handover;

    DatapathCalls(StorageHost host, Function<VdiId, Path> handover) {
        this.host = host;
        this.handover = handover;
        places = new Places(host);
    }

    /** XAPI asks this only of plugins that can throw writes away, which this one does not say of itself. */
    Object open(Arguments call) {
        Disk disk = disk(call);
        if (!call.flag("persistent")) {
            throw Refusal.unimplemented("A disk whose writes are thrown away; use Volume.clone");
        }
        disk.repository().vdi(disk.vdi());
        return Answers.NOTHING;
    }

    /**
     * Offers, in the order in which callers like them best, what a guest of Xen needs, a block device, NBD. The device is
     * there only while the disk is active, as with XenServer's own manager.
     */
    Object attach(Arguments call, Offer offer) {
        Disk disk = disk(call);
        String domain = call.string("domain");
        Export export = disk.repository().attach(disk.vdi(), domain, disk.mode());
        String path = host.blockDevicePath(disk.vdi());
        boolean isBlock = offer.as() == ExportKind.BLOCK;
        List<JsonElement> implementations = new ArrayList<>();
        if (!offer.xenBackend().isEmpty()) {
            String params = isBlock ? path : "vdi:" + disk.vdi();
            implementations.add(Answers.variant("XenDisk", new Answers.XenDisk(params, Map.of(), offer.xenBackend())));
        }
        if (isBlock) {
            implementations.add(Answers.variant("BlockDevice", new Answers.BlockDevice(path)));
        }
        implementations.add(Answers.variant("Nbd", new Answers.Nbd(NbdColonForm.of(export.uri()))));
        return new Answers.Backend(implementations);
    }

    Object activate(Arguments call, Offer offer) {
        Disk disk = disk(call);
        return activate(disk, call.string("domain"), disk.mode(), offer);
    }

    Object activateReadonly(Arguments call, Offer offer) {
        return activate(disk(call), call.string("domain"), AccessMode.READ_ONLY, offer);
    }

    private Object activate(Disk disk, String domain, AccessMode mode, Offer offer) {
        if (offer.as() != ExportKind.NBD) {
            host.activateAs(offer.as(), disk.sr(), disk.vdi(), domain, mode);
        } else {
            disk.repository().activate(disk.vdi(), domain, mode);
        }
        return Answers.NOTHING;
    }

    /**
     * As {@link #activate}, for a disk that is filled from another host. Returns where the caller passes the connection over which
     * that writes: it has accepted it itself.
     */
    Object importActivate(Arguments call) {
        Disk disk = disk(call);
        disk.repository().activate(disk.vdi(), call.string("domain"), AccessMode.READ_WRITE);
        return handover.apply(disk.vdi()).toString();
    }

    Object deactivate(Arguments call) {
        String domain = call.string("domain");
        ifThere(call, disk -> disk.repository().deactivate(disk.vdi(), domain));
        return Answers.NOTHING;
    }

    /** The definition says that this must never fail: what does is logged, and shows when the disk is used next. */
    Object detach(Arguments call) {
        String domain = call.string("domain");
        ifThere(call, disk -> {
            try {
                disk.repository().detach(disk.vdi(), domain);
            } catch (SrException e) {
                LOG.log(Level.SEVERE, LogLine.of("smapi-detach-failed", "vdi", disk.vdi(), "domain", domain), e);
            }
        });
        return Answers.NOTHING;
    }

    Object close(Arguments call) {
        VolumeUri.parse(call.string("uri"));
        return Answers.NOTHING;
    }

    private record Disk(SrId sr, StorageRepository repository, VdiId vdi) {
        /** A snapshot can only be read. */
        AccessMode mode() {
            return repository.vdi(vdi).readOnly() ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
        }
    }

    private Disk disk(Arguments call) {
        VolumeUri uri = VolumeUri.parse(call.string("uri"));
        return new Disk(uri.sr(), places.repository(uri.sr().toString()), uri.vdi());
    }

    /** A disk or SR that is gone is held by nobody. */
    private void ifThere(Arguments call, Consumer<Disk> operation) {
        VolumeUri uri = VolumeUri.parse(call.string("uri"));
        places.find(uri.sr()).ifPresent(repository -> {
            try {
                operation.accept(new Disk(uri.sr(), repository, uri.vdi()));
            } catch (SrException e) {
                if (e.error() != SrError.VDI_MISSING) {
                    throw e;
                }
            }
        });
    }
}
