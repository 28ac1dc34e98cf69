package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What XAPI asks of the driver. All words throw a {@link SmFault} if what they return is missing or of a wrong type.
 *
 * @param type the type of the SR
 * @param command what is to be done
 * @param members what for: names as XAPI has them
 */
record DriverCall(String type, String command, Map<String, XmlRpcValue> members) {
    private static final String DEVICE_CONFIG = "device_config";

    /** Reads what XAPI gave the driver as its argument: a call with one parameter, a struct. */
    static DriverCall read(String type, XmlRpcCall call) {
        try {
            if (call.params().size() != 1) {
                throw SmFault.of(SmError.BAD_REQUEST);
            }
            return new DriverCall(type, call.method(), call.params().get(0).asStruct());
        } catch (XmlRpcException e) {
            throw SmFault.of(SmError.BAD_REQUEST);
        }
    }

    /** Whether XAPI gave a member. */
    boolean has(String member) {
        return members.containsKey(member);
    }

    Optional<String> text(String member) {
        return typed(() -> Optional.ofNullable(members.get(member)).map(XmlRpcValue::asText));
    }

    String required(String member) {
        return text(member).orElseThrow(() -> SmFault.of(SmError.BAD_REQUEST, member + " is missing"));
    }

    /** Returns a struct of strings; empty if it is not given. */
    Map<String, String> map(String member) {
        return typed(() -> Optional.ofNullable(members.get(member))
                .map(XmlRpcValue::asTextMap)
                .orElse(Map.of()));
    }

    Map<String, String> deviceConfig() {
        if (!has(DEVICE_CONFIG)) {
            throw SmFault.of(SmError.BAD_REQUEST);
        }
        return map(DEVICE_CONFIG);
    }

    /** Whether this host is the one that may change the SR, as far as XAPI knows. */
    boolean isMaster() {
        return "true".equals(deviceConfig().get("SRmaster"));
    }

    /** Returns one of the positional arguments. */
    String argument(int index) {
        List<String> args = typed(() -> Optional.ofNullable(members.get("args"))
                .map(XmlRpcValue::asTexts)
                .orElse(List.of()));
        if (index >= args.size()) {
            throw SmFault.of(SmError.BAD_REQUEST, "found " + args.size() + " arguments, expected " + (index + 1));
        }
        return args.get(index);
    }

    long bytes(int index) {
        try {
            return Long.parseLong(argument(index));
        } catch (NumberFormatException e) {
            throw SmFault.of(SmError.BAD_REQUEST, "argument " + index + " is no number", e);
        }
    }

    SrId sr() {
        String uuid = required("sr_uuid");
        if (!Uuids.isUuid(uuid)) {
            throw SmFault.of(SmError.SR_UNAVAILABLE, "sr_uuid is no UUID");
        }
        return SrId.parse(uuid);
    }

    /** XAPI's reference of the SR. */
    String srRef() {
        return required("sr_ref");
    }

    VdiId vdi() {
        String uuid = required("vdi_uuid");
        if (!Uuids.isUuid(uuid)) {
            throw noVdi(uuid);
        }
        return VdiId.parse(uuid);
    }

    /** XAPI's reference of the disk. */
    String vdiRef() {
        return required("vdi_ref");
    }

    static SmFault noVdi(String uuid) {
        return SmFault.of(SmError.VDI_UNAVAILABLE, "VDI " + uuid + " not found");
    }

    private static <T> T typed(Supplier<T> value) {
        try {
            return value.get();
        } catch (XmlRpcException e) {
            throw SmFault.of(SmError.BAD_REQUEST, String.valueOf(e.getMessage()), e);
        }
    }
}
