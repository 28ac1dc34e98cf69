package io.catena.agent.smapi;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.control.Scripts;
import io.catena.agent.log.Version;
import io.catena.agent.mirror.Mirrors;
import io.catena.api.Job;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * Runs the methods of both plugins: from the bytes on a method's standard input to those on its standard output. Whatever
 * comes in, what goes out is a result or a failure in the caller's form.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class PluginCalls implements Scripts {
    private static final Logger LOG = Logger.getLogger(PluginCalls.class.getName());
    private static final String MIRROR = "VDI_MIRROR";
    private static final String MIRROR_IN = "VDI_MIRROR_IN";
    private static final List<String> VOLUME_FEATURES = List.of(
            "SR_ATTACH",
            "SR_DETACH",
            "SR_CREATE",
            "SR_DELETE",
            "SR_PROBE",
            "SR_SCAN",
            "SR_UPDATE",
            "VDI_CREATE",
            "VDI_DESTROY",
            "VDI_ATTACH",
            "VDI_DETACH",
            "VDI_ACTIVATE",
            "VDI_ACTIVATE_READONLY",
            "VDI_DEACTIVATE",
            "VDI_UPDATE",
            "VDI_CLONE",
            "VDI_COPY",
            "VDI_SNAPSHOT",
            "VDI_RESIZE",
            "VDI_RESET_ON_BOOT/2",
            "VDI_REVERT",
            "VDI_COMPOSE",
            "VDI_CONFIG_CBT",
            MIRROR,
            MIRROR_IN,
            "THIN_PROVISIONING");

    private final StorageHost host;
    private final SrCalls srs;
    private final VolumeCalls volumes;
    private final ChangeCalls changes;
    private final DatapathCalls datapaths;
    private final DataCalls data;

    /**
     * @param newIds where the ids of new volumes come from
     * @param handover returns a Unix socket at which an active disk takes over connections, which others pass to it
     * @param mirrors copy disks in use
     */
    public PluginCalls(
            StorageHost host,
            JobWaiter waiter,
            Supplier<UUID> newIds,
            Function<VdiId, Path> handover,
            Mirrors mirrors) {
        this.host = host;
        srs = new SrCalls(host, waiter);
        volumes = new VolumeCalls(host, waiter, newIds);
        changes = new ChangeCalls(host);
        datapaths = new DatapathCalls(host, handover);
        data = new DataCalls(host, mirrors);
    }

    /** {@code option} is an {@link Offer}, to the datapath plugin. */
    @Override
    public Output run(String plugin, String method, String option, ByteBuffer stdin) {
        try {
            return new Output(0, Answers.write(answer(plugin, method, option, stdin)));
        } catch (Refusal e) {
            return failed(method, e);
        } catch (SrException e) {
            return failed(method, Refusal.of(e));
        } catch (RuntimeException | StackOverflowError e) {
            LOG.log(Level.SEVERE, LogLine.of("smapi-call-broken", "method", method), e);
            SrException bug = new SrException(
                    SrError.INTERNAL, "The agent failed: " + e.getClass().getSimpleName(), e);
            return failed(method, Refusal.of(bug.correction("See the agent's log, and report it.")));
        }
    }

    private static Output failed(String method, Refusal refusal) {
        LOG.warning(
                LogLine.of("smapi-call-failed", "method", method, "code", refusal.code(), "params", refusal.params()));
        return new Output(1, Answers.write(refusal.toAnswer()));
    }

    private Object answer(String plugin, String method, String option, ByteBuffer stdin) {
        if (plugin.equals(Installation.VOLUME)) {
            VolumeMethod known =
                    PluginMethod.find(VolumeMethod.values(), method).orElseThrow(() -> Refusal.unimplemented(method));
            return answer(known, typed(stdin));
        }
        if (plugin.equals(Installation.DATAPATH)) {
            DatapathMethod known =
                    PluginMethod.find(DatapathMethod.values(), method).orElseThrow(() -> Refusal.unimplemented(method));
            return answer(known, typed(stdin), Offer.parse(option));
        }
        throw Refusal.unimplemented("A plugin called " + plugin);
    }

    private static Arguments typed(ByteBuffer stdin) {
        Arguments call = new Arguments(stdin);
        call.string("dbg");
        return call;
    }

    private Object answer(VolumeMethod method, Arguments call) {
        return switch (method) {
            case PLUGIN_QUERY -> volumeQuery();
            case PLUGIN_LS -> attached().map(sr -> sr.id().toString()).toList();
            case PLUGIN_DIAGNOSTICS -> diagnostics();
            case SR_PROBE -> srs.probe(call);
            case SR_CREATE -> srs.create(call);
            case SR_ATTACH -> srs.attach(call);
            case SR_DETACH -> srs.detach(call);
            case SR_DESTROY -> srs.destroy(call);
            case SR_STAT -> srs.stat(call);
            case SR_SET_NAME -> srs.setName(call);
            case SR_SET_DESCRIPTION -> srs.setDescription(call);
            case SR_LS -> srs.ls(call);
            case VOLUME_CREATE -> volumes.create(call);
            case VOLUME_SNAPSHOT -> volumes.snapshot(call);
            case VOLUME_CLONE -> volumes.clone(call);
            case VOLUME_COPY -> volumes.copy(call);
            case VOLUME_DESTROY -> volumes.destroy(call);
            case VOLUME_REVERT -> volumes.revert(call);
            case VOLUME_SET_NAME -> volumes.setName(call);
            case VOLUME_SET_DESCRIPTION -> volumes.setDescription(call);
            case VOLUME_SET -> volumes.set(call);
            case VOLUME_UNSET -> volumes.unset(call);
            case VOLUME_RESIZE -> volumes.resize(call);
            case VOLUME_STAT -> volumes.stat(call);
            case VOLUME_COMPARE -> volumes.compare(call);
            case VOLUME_SIMILAR_CONTENT -> volumes.similarContent(call);
            case VOLUME_COMPOSE -> volumes.compose(call);
            case VOLUME_ENABLE_CBT -> changes.enable(call, true);
            case VOLUME_DISABLE_CBT -> changes.enable(call, false);
            case VOLUME_DATA_DESTROY -> changes.destroyData(call);
            case VOLUME_LIST_CHANGED_BLOCKS -> changes.list(call);
        };
    }

    private Object answer(DatapathMethod method, Arguments call, Offer offer) {
        return switch (method) {
            case PLUGIN_QUERY -> query("Catena datapath", List.of(MIRROR, MIRROR_IN), Map.of());
            case PLUGIN_LS -> attached().map(sr -> sr.id().toString()).toList();
            case PLUGIN_DIAGNOSTICS -> diagnostics();
            case DATAPATH_OPEN -> datapaths.open(call);
            case DATAPATH_ATTACH -> datapaths.attach(call, offer);
            case DATAPATH_ACTIVATE -> datapaths.activate(call, offer);
            case DATAPATH_ACTIVATE_READONLY -> datapaths.activateReadonly(call, offer);
            case DATAPATH_IMPORT_ACTIVATE -> datapaths.importActivate(call);
            case DATAPATH_DEACTIVATE -> datapaths.deactivate(call);
            case DATAPATH_DETACH -> datapaths.detach(call);
            case DATAPATH_CLOSE -> datapaths.close(call);
            case DATA_COPY -> data.copy(call);
            case DATA_MIRROR -> data.mirror(call);
            case DATA_STAT -> data.stat(call);
            case DATA_CANCEL -> data.cancel(call);
            case DATA_DESTROY -> data.destroy(call);
            case DATA_LS -> data.ls();
        };
    }

    private static Answers.Query volumeQuery() {
        return query("Catena", VOLUME_FEATURES, Map.of(SrCalls.PATH, "directory that holds the SR, absolute"));
    }

    private static Answers.Query query(String name, List<String> features, Map<String, String> configuration) {
        return new Answers.Query(
                VolumeUri.SCHEME,
                name,
                "Chains of VHD files in a directory",
                "Catena",
                "Apache-2.0",
                Version.TEXT,
                "5.0",
                features,
                configuration,
                List.of());
    }

    /** Goes into bug reports: ids and numbers, no names and no paths. */
    private String diagnostics() {
        StringBuilder text = new StringBuilder("Catena " + Version.TEXT + "\n");
        for (Sr sr : host.srs()) {
            text.append("SR ")
                    .append(sr.id())
                    .append(sr.attached() ? describe(sr) : ": not attached")
                    .append('\n');
        }
        for (Job job : host.jobs()) {
            text.append(String.format(
                    Locale.ROOT, "job %d: %s, %s, %d bytes%n", job.id(), job.kind(), job.state(), job.doneBytes()));
        }
        return text.toString();
    }

    private String describe(Sr sr) {
        try {
            SrStat stat = host.repository(sr.id()).stat();
            return String.format(
                    Locale.ROOT,
                    ": %d VDIs, %d nodes, depth %d of %d, %d of %d bytes free, %d problems",
                    stat.vdis(),
                    stat.nodes(),
                    stat.maxChainDepth(),
                    stat.chainLimit(),
                    stat.freeBytes(),
                    stat.capacityBytes(),
                    stat.problems().size());
        } catch (SrException e) {
            return ": " + e.error();
        }
    }

    private Stream<Sr> attached() {
        return host.srs().stream().filter(Sr::attached);
    }
}
