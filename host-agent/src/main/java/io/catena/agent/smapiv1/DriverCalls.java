package io.catena.agent.smapiv1;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.control.Scripts;
import io.catena.agent.smapiv1.gc.GcTasks;
import io.catena.agent.smapiv1.xenapi.Hosts;
import io.catena.agent.smapiv1.xenapi.SrTable;
import io.catena.agent.smapiv1.xenapi.VdiTable;
import io.catena.agent.smapiv1.xenapi.XenApi;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Runs the commands of the driver: from the argument with which XAPI ran it to what it prints. Whatever comes in, what goes out is
 * an answer or a fault.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Commands that change the set of an SR's disks, or tell XAPI of all of them, run
 * one after another for each SR, as XAPI's other drivers have it.
 */
public final class DriverCalls implements Scripts, Closeable {
    /** The kind of plugin under which the launcher calls. */
    public static final String PLUGIN = "v1";

    /** Behind what the launcher writes to its standard error. The answer follows, whose end tells that all came. */
    private static final char ASIDE_ENDS = 0;

    private static final Logger LOG = Logger.getLogger(DriverCalls.class.getName());
    private static final Duration XAPI_PATIENCE = Duration.ofMinutes(5);
    private static final Duration KEY_PATIENCE = Duration.ofSeconds(10);

    /** Those that do not change what other commands tell XAPI of. */
    private static final Set<String> ALONGSIDE = Set.of(
            "sr_probe",
            "sr_content_type",
            "vdi_list_changed_blocks",
            "vdi_attach",
            "vdi_detach",
            "vdi_activate",
            "vdi_deactivate",
            "vdi_attach_from_config",
            "vdi_detach_from_config",
            "vdi_generate_config",
            "vdi_epoch_begin",
            "vdi_epoch_end");

    private final SrCommands srs;
    private final VdiCommands vdis;
    private final CutCommands cuts;
    private final ChangeCommands changes;
    private final Activation activation;
    private final SrLocks locks = new SrLocks();
    private final GcTasks gcTasks;
    private final GcPlugin gcPlugin;

    /**
     * @param newIds where the ids of new disks come from
     * @param sockets returns a Unix socket at which an active disk is served to whoever may, under any name
     */
    public DriverCalls(StorageHost host, JobWaiter waiter, Supplier<UUID> newIds, Function<VdiId, Path> sockets) {
        Place place = new Place(host);
        srs = new SrCommands(host, waiter);
        vdis = new VdiCommands(place, newIds);
        cuts = new CutCommands(place, newIds);
        changes = new ChangeCommands(place);
        activation = new Activation(place, sockets);
        gcTasks = new GcTasks(host, this::tell);
        gcPlugin = new GcPlugin(host, waiter);
    }

    /** {@code option} is a {@link DriverOptions}. The exit code is always 0: XAPI reads no answer with another. */
    @Override
    public Output run(String plugin, String driver, String option, ByteBuffer argument) {
        byte[] bytes = new byte[argument.remaining()];
        argument.get(bytes);
        String command = "?";
        String aside = "";
        XmlRpcAnswer answer;
        try {
            XmlRpcCall asked = read(bytes);
            command = asked.method();
            answer = GcPlugin.FUNCTIONS.contains(command)
                    ? gcPlugin.run(asked)
                    : XmlRpcAnswer.of(answer(DriverCall.read(driver, asked), DriverOptions.parse(option)));
        } catch (SmFault e) {
            answer = failed(command, e);
            aside = e.aside();
        } catch (SrException e) {
            answer = failed(command, SmFault.of(e));
        } catch (XenApiException e) {
            answer = failed(command, SmFault.of(command, e));
        } catch (XmlRpcException e) {
            answer = failed(command, SmFault.of(SmError.API_PROTOCOL, String.valueOf(e.getMessage()), e));
        } catch (RuntimeException | StackOverflowError e) {
            LOG.log(Level.SEVERE, LogLine.of("smapiv1-call-broken", "command", command), e);
            String text = "The agent failed: " + e.getClass().getSimpleName() + ". See its log, and report it.";
            answer = failed(command, SmFault.of(SmError.GENERAL, text, e));
        }
        return new Output(0, aside.isEmpty() ? answer.text() : aside + ASIDE_ENDS + answer.text());
    }

    private static XmlRpcCall read(byte[] argument) {
        try {
            return XmlRpcCall.read(argument);
        } catch (XmlRpcException e) {
            throw SmFault.of(SmError.BAD_REQUEST);
        }
    }

    private static XmlRpcAnswer failed(String command, SmFault fault) {
        LOG.warning(LogLine.of(
                "smapiv1-call-failed",
                "command",
                command,
                "code",
                fault.number(),
                "text",
                String.valueOf(fault.getMessage())));
        return fault.toAnswer();
    }

    private XmlRpcValue answer(DriverCall call, DriverOptions options) {
        // In this order a driver of XenServer finds out what a call lacks.
        call.deviceConfig();
        Place.checked(call);
        if (ALONGSIDE.contains(call.command())) {
            return alongside(call, options);
        }
        XmlRpcValue value = locks.within(call.sr(), () -> inTurn(call, options));
        watch(call, options);
        return value;
    }

    /** Garbage collection is told by the host that may change the SR. */
    private void watch(DriverCall call, DriverOptions options) {
        switch (call.command()) {
            case "sr_attach", "sr_scan" -> {
                if (call.isMaster()) {
                    gcTasks.watch(call.sr(), call.srRef(), options.xapi());
                }
            }
            case "sr_detach", "sr_delete" -> gcTasks.forget(call.sr());
            default -> {
                // Does not change what is attached.
            }
        }
    }

    private void tell(SrId sr, String srRef, XenApi xapi) {
        XmlRpcValue unused = locks.within(sr, () -> {
            srs.tell(sr, new Rows(new VdiTable(xapi), new SrTable(xapi), srRef));
            return XmlRpcValue.nil();
        });
    }

    private XmlRpcValue alongside(DriverCall call, DriverOptions options) {
        return switch (call.command()) {
            case "sr_probe" -> srs.probe(call);
            case "sr_content_type" -> XmlRpcValue.of("vhd");
            case "vdi_list_changed_blocks" -> changes.list(call, rows(call, options));
            case "vdi_attach" -> activation.attach(call, options);
            case "vdi_detach" -> activation.detach(call);
            case "vdi_activate" -> activation.activate(call, rows(call, options), keys(call, options), options);
            case "vdi_deactivate" -> activation.deactivate(call, rows(call, options), keys(call, options), options);
            case "vdi_attach_from_config" -> activation.attachFromConfig(call, srs, options);
            case "vdi_detach_from_config" -> activation.detachFromConfig(call, options);
            case "vdi_generate_config" -> vdis.generateConfig(call);
            case "vdi_epoch_begin" -> vdis.epochBegin(call);
            case "vdi_epoch_end" -> vdis.epochEnd(call);
            default -> throw SmFault.of(SmError.BAD_REQUEST);
        };
    }

    private XmlRpcValue inTurn(DriverCall call, DriverOptions options) {
        return switch (call.command()) {
            case "sr_create" -> srs.create(call);
            case "sr_delete" -> srs.delete(call, rows(call, options));
            case "sr_attach" -> srs.attach(call, rows(call, options), gcKeys(call, options));
            case "sr_detach" -> srs.detach(call);
            case "sr_update" -> srs.update(call, rows(call, options));
            case "sr_scan" -> srs.scan(call, rows(call, options), gcKeys(call, options));
            case "vdi_create" -> vdis.create(call, rows(call, options));
            case "vdi_delete" -> vdis.delete(call, rows(call, options));
            case "vdi_update" -> vdis.update(call, rows(call, options));
            case "vdi_resize" -> vdis.resize(call, rows(call, options));
            case "vdi_snapshot" -> cuts.snapshot(call, rows(call, options));
            case "vdi_clone" -> cuts.clone(call, rows(call, options));
            case "vdi_compose" -> vdis.compose(call, rows(call, options));
            case "vdi_revert" -> vdis.revert(call, rows(call, options));
            case "vdi_enable_cbt" -> changes.enable(call, rows(call, options), true);
            case "vdi_disable_cbt" -> changes.enable(call, rows(call, options), false);
            case "vdi_data_destroy" -> changes.destroyData(call, rows(call, options));
            case "vdi_introduce", "vdi_resize_online" -> throw SmFault.of(SmError.UNIMPLEMENTED);
            default -> throw SmFault.of(SmError.BAD_REQUEST);
        };
    }

    private static Rows rows(DriverCall call, DriverOptions options) {
        XenApi xapi = xapi(call, options);
        return new Rows(new VdiTable(xapi), new SrTable(xapi), call.srRef());
    }

    private static GcKeys gcKeys(DriverCall call, DriverOptions options) {
        return new GcKeys(new SrTable(xapi(call, options)), call.srRef());
    }

    private static HostKeys keys(DriverCall call, DriverOptions options) {
        XenApi xapi = xapi(call, options);
        return new HostKeys(new VdiTable(xapi), new Hosts(xapi), call.srRef(), call.required("host_ref"), KEY_PATIENCE);
    }

    private static XenApi xapi(DriverCall call, DriverOptions options) {
        return new XenApi(options.xapi(), call.required("session_ref"), XAPI_PATIENCE);
    }

    @Override
    public void close() {
        gcTasks.close();
    }
}
