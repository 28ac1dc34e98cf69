package io.catena.agent.smapiv1;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.smapiv1.xenapi.VdiRow;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiAccess;
import io.catena.log.LogLine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The commands {@code sr_*}. Each can be repeated: who got no answer asks again. */
final class SrCommands {
    private static final Logger LOG = Logger.getLogger(SrCommands.class.getName());
    private static final Duration GC_DEADLINE = Duration.ofMinutes(10);
    private static final String PAUSED = "paused";

    private final StorageHost host;
    private final Place place;
    private final JobWaiter waiter;

    SrCommands(StorageHost host, JobWaiter waiter) {
        this.host = host;
        this.waiter = waiter;
        place = new Place(host);
    }

    /** Makes an SR and lets go of it, for XAPI attaches it with a call of its own. */
    XmlRpcValue create(DriverCall call) {
        SrId sr = call.sr();
        SrProbe probe = place.look(call);
        switch (probe.kind()) {
            case ABSENT, EMPTY -> {
                host.create(sr.toString(), place.location(call), false, sr);
                host.detach(sr);
            }
            case SR -> refuseUnlessNew(sr, probe);
            case ADOPTABLE, OTHER -> throw SmFault.of(SmError.SR_EXISTS, probe.path() + " holds files");
        }
        return XmlRpcValue.nil();
    }

    private static void refuseUnlessNew(SrId sr, SrProbe probe) {
        if (!sr.equals(probe.sr()) || probe.nodes() > 0) {
            throw SmFault.of(
                    SmError.SR_EXISTS,
                    probe.path() + " holds SR " + probe.sr() + " with " + probe.nodes()
                            + " disks. Introduce it instead.");
        }
    }

    /**
     * Attaches the SR, then tells XAPI of what is there.
     *
     * <ol>
     *   <li>Attach; this refuses what is another SR than the one XAPI asks for.
     *   <li>Remove the keys by which this host said, before it or the agent was started again, that it has disks active.
     *   <li>The host that may change the SR: let XAPI scan it soon, and scan. If that fails the SR is attached all the same, and the
     *       scan that XAPI makes tells why.
     * </ol>
     */
    XmlRpcValue attach(DriverCall call, Rows rows, GcKeys keys) {
        StorageRepository repository = attached(call);
        clearStale(call, repository, rows);
        if (call.isMaster()) {
            keys.markDirty();
            try {
                keys.apply(repository.garbage());
                scan(repository, rows);
            } catch (SrException | XenApiException e) {
                LOG.log(Level.WARNING, LogLine.of("smapiv1-scan-after-attach-failed", "sr", call.sr()), e);
            }
        }
        return XmlRpcValue.nil();
    }

    /** Returns the SR's disks, and attaches it first if it is not. */
    StorageRepository attached(DriverCall call) {
        SrId sr = call.sr();
        Optional<StorageRepository> present = place.find(sr);
        if (present.isPresent()) {
            return present.get();
        }
        SrProbe probe = place.look(call);
        String directory = probe.path();
        boolean there = probe.kind() == SrProbe.Kind.SR || probe.kind() == SrProbe.Kind.ADOPTABLE;
        if (!there) {
            throw SmFault.of(SmError.SR_UNAVAILABLE, "no SR in " + directory);
        }
        if (!sr.equals(probe.sr())) {
            String found = probe.sr() == null
                    ? directory + " holds disks, but no id. Let its name be " + sr + ", say by a bind mount"
                    : directory + " holds SR " + probe.sr() + ", expected " + sr;
            throw SmFault.of(SmError.SR_UNAVAILABLE, found);
        }
        // XAPI was told the id, which is the directory's name, by whoever introduced the SR: that is what adopts it.
        host.attach(place.location(call), probe.kind() == SrProbe.Kind.ADOPTABLE);
        return host.repository(sr);
    }

    private static void clearStale(DriverCall call, VdiAccess disks, Rows rows) {
        String key = Activation.keyOf(call.required("host_ref"));
        for (VdiRow row : rows.vdis().ofSr(call.srRef())) {
            if (row.smConfig().containsKey(key) && !Activation.isActive(disks, row.location())) {
                rows.vdis().removeSmConfig(row.ref(), key);
            }
            if (call.isMaster() && row.smConfig().containsKey(PAUSED)) {
                rows.vdis().removeSmConfig(row.ref(), PAUSED);
            }
        }
    }

    XmlRpcValue detach(DriverCall call) {
        SrId sr = call.sr();
        if (place.find(sr).isPresent()) {
            host.detach(sr);
        }
        return XmlRpcValue.nil();
    }

    /**
     * Deletes an SR without disks.
     *
     * <ol>
     *   <li>Attach it, for it may hold disks that XAPI does not know. With any, refuse; it stays attached.
     *   <li>Let go what deleted disks left. What is still there then belongs to somebody: refuse.
     *   <li>Forget the rows of base copies.
     *   <li>Delete the SR. Only its empty directory stays.
     * </ol>
     */
    XmlRpcValue delete(DriverCall call, Rows rows) {
        SrProbe.Kind kind = place.look(call).kind();
        if (kind == SrProbe.Kind.ABSENT || kind == SrProbe.Kind.EMPTY) {
            return XmlRpcValue.nil();
        }
        StorageRepository repository = attached(call);
        if (!repository.vdis().isEmpty()) {
            throw SmFault.of(SmError.SR_NOT_EMPTY, "VDIs still exist in SR");
        }
        if (repository.stat().nodes() > 0) {
            waiter.waitFor(repository.collectGarbage().id(), GC_DEADLINE);
        }
        rows.vdis().ofSr(call.srRef()).forEach(row -> rows.vdis().forget(row.ref()));
        host.destroy(call.sr());
        return XmlRpcValue.nil();
    }

    XmlRpcValue update(DriverCall call, Rows rows) {
        rows.writeSizes(place.repository(call).stat());
        return XmlRpcValue.nil();
    }

    XmlRpcValue scan(DriverCall call, Rows rows, GcKeys keys) {
        StorageRepository repository = place.repository(call);
        keys.apply(repository.garbage());
        scan(repository, rows);
        return XmlRpcValue.nil();
    }

    /** Tells XAPI of an SR's disks, if it is attached. */
    void tell(SrId sr, Rows rows) {
        place.find(sr).ifPresent(repository -> tell(repository, repository.stat(), rows));
    }

    private static void scan(StorageRepository repository, Rows rows) {
        tell(repository, repository.scan(), rows);
    }

    private static void tell(StorageRepository repository, SrStat stat, Rows rows) {
        rows.writeSizes(stat);
        LeafKeys.apply(repository, repository.garbage(), rows.vdis(), rows.synchronise(repository));
    }

    /**
     * Returns the SRs at a place: in a directory and those right below it, or on an export. Of a server alone it is a fault, as with
     * other drivers, that comes with what the server exports.
     */
    XmlRpcValue probe(DriverCall call) {
        if (!NfsPlace.isMeant(call)) {
            return XmlRpcValue.of(ProbeXml.srs(new ProbeList(host).in(place.directory(call)), false));
        }
        if (!NfsPlace.hasPath(call)) {
            throw SmFault.withAside(
                    SmError.SERVER_PATH_MISSING, ProbeXml.exports(NfsPlace.server(call), exports(call)));
        }
        boolean versions = call.deviceConfig().containsKey("probeversion");
        return XmlRpcValue.of(ProbeXml.srs(ProbeList.of(place.onServer(NfsPlace.export(call))), versions));
    }

    private List<String> exports(DriverCall call) {
        try {
            return host.probe(NfsPlace.export(call)).exports();
        } catch (SrException e) {
            throw SmFault.of(SmError.NFS_TARGET, e.detail(), e);
        }
    }
}
