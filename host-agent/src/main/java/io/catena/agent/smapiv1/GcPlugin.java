package io.catena.agent.smapiv1;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.GarbageControl;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Garbage collection in the words of XenServer's collector, for tools of a pool: the driver's file, linked into the directory of XAPI's
 * plugins, is one whose functions these are. Each takes {@code sr_uuid}.
 *
 * <ul>
 *   <li>{@code abort} ends a run and returns when it has ended, {@code False} if it did not within a minute.
 *   <li>{@code gc} starts a run, also outside of the window.
 *   <li>{@code gc_force} does so and returns when it has ended; one that runs already is ended before.
 *   <li>{@code is_gc_running} and {@code is_gc_disabled} tell just that, as {@code True} or {@code False}.
 * </ul>
 */
final class GcPlugin {
    static final Set<String> FUNCTIONS = Set.of("abort", "gc", "gc_force", "is_gc_running", "is_gc_disabled");

    /** As XenServer's collector. */
    private static final Duration ABORT = Duration.ofSeconds(60);

    private static final Duration RUN = Duration.ofHours(1);

    private final StorageHost host;
    private final JobWaiter waiter;

    GcPlugin(StorageHost host, JobWaiter waiter) {
        this.host = host;
        this.waiter = waiter;
    }

    /** Runs a function. As of any plugin of XAPI, a failure is no fault. */
    XmlRpcAnswer run(XmlRpcCall call) {
        try {
            return answer("Success", "Value", XmlRpcValue.of(value(call)));
        } catch (SrException e) {
            return answer(
                    "Failure",
                    "ErrorDescription",
                    XmlRpcValue.of(List.of(e.error().name(), e.detail())));
        } catch (XmlRpcException | SmFault e) {
            List<String> error = List.of("BAD_REQUEST", String.valueOf(e.getMessage()));
            return answer("Failure", "ErrorDescription", XmlRpcValue.of(error));
        }
    }

    private static XmlRpcAnswer answer(String status, String member, XmlRpcValue value) {
        Map<String, XmlRpcValue> members = new LinkedHashMap<>();
        members.put("Status", XmlRpcValue.of(status));
        members.put(member, value);
        return XmlRpcAnswer.of(new XmlRpcValue.Struct(members));
    }

    private String value(XmlRpcCall call) {
        if (call.params().size() != 2) {
            throw SmFault.of(SmError.BAD_REQUEST, "expected a session and a map");
        }
        GarbageControl garbage = host.repository(
                        SrId.parse(call.params().get(1).member("sr_uuid").asText()))
                .garbage();
        return switch (call.method()) {
            case "abort" -> text(aborted(garbage));
            case "gc" -> text(garbage.run().id() > 0);
            case "gc_force" -> text(forced(garbage));
            case "is_gc_running" -> text(garbage.status().job() != null);
            default -> text(isDisabled(garbage.status()));
        };
    }

    private boolean aborted(GarbageControl garbage) {
        Long job = garbage.cancel().job();
        return job == null || waiter.waitFor(job, ABORT).state().ended();
    }

    private boolean forced(GarbageControl garbage) {
        return aborted(garbage) && waiter.waitFor(garbage.run().id(), RUN).state() == Job.State.DONE;
    }

    private static boolean isDisabled(GcStatus status) {
        return !status.settings().gc() || status.settings().paused();
    }

    private static String text(boolean value) {
        return value ? "True" : "False";
    }
}
