package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.util.Map;

/**
 * What XAPI's database says of a disk, as far as a driver has a say in it.
 *
 * @param ref XAPI's reference
 * @param location what the driver knows it by
 */
public record VdiRow(
        String ref,
        String uuid,
        String location,
        boolean managed,
        boolean readOnly,
        long virtualSizeBytes,
        long physicalBytes,
        boolean cbtEnabled,
        Map<String, String> smConfig,
        Map<String, String> otherConfig) {
    public VdiRow {
        otherConfig = Map.copyOf(otherConfig);
        smConfig = Map.copyOf(smConfig);
    }

    static VdiRow of(String ref, XmlRpcValue row) {
        return new VdiRow(
                ref,
                row.member("uuid").asText(),
                row.member("location").asText(),
                row.member("managed").asFlag(),
                row.member("read_only").asFlag(),
                Long.parseLong(row.member("virtual_size").asText()),
                Long.parseLong(row.member("physical_utilisation").asText()),
                row.member("cbt_enabled").asFlag(),
                row.member("sm_config").asTextMap(),
                row.member("other_config").asTextMap());
    }
}
