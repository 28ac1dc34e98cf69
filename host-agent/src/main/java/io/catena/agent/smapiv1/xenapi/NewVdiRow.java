package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.util.Map;

/**
 * A disk to be introduced to XAPI's database.
 *
 * @param uuid its location, too
 * @param type what it is used for: {@code user}, {@code system}, {@code ha_statefile}...
 * @param snapshotTime as XAPI writes times
 * @param snapshotOf a reference
 * @param pool the reference of the pool whose metadata it holds
 */
public record NewVdiRow(
        String uuid,
        String label,
        String description,
        String type,
        boolean readOnly,
        Map<String, String> smConfig,
        long virtualSizeBytes,
        long physicalBytes,
        String pool,
        boolean snapshot,
        String snapshotTime,
        String snapshotOf,
        boolean cbtEnabled) {
    /** No reference. */
    public static final String NULL = "OpaqueRef:NULL";

    /** No time. */
    public static final String NEVER = "19700101T00:00:00Z";

    public NewVdiRow {
        smConfig = Map.copyOf(smConfig);
    }

    /** The arguments of {@code VDI.db_introduce}; sizes are strings. */
    XmlRpcValue[] arguments(String sr) {
        return new XmlRpcValue[] {
            XmlRpcValue.of(uuid),
            XmlRpcValue.of(label),
            XmlRpcValue.of(description),
            XmlRpcValue.of(sr),
            XmlRpcValue.of(type),
            XmlRpcValue.of(false),
            XmlRpcValue.of(readOnly),
            XmlRpcValue.of(Map.of()),
            XmlRpcValue.of(uuid),
            XmlRpcValue.of(Map.of()),
            XmlRpcValue.of(smConfig),
            XmlRpcValue.of(true),
            XmlRpcValue.of(Long.toString(virtualSizeBytes)),
            XmlRpcValue.of(Long.toString(physicalBytes)),
            XmlRpcValue.of(pool),
            XmlRpcValue.of(snapshot),
            new XmlRpcValue.Time(snapshotTime),
            XmlRpcValue.of(snapshotOf),
            XmlRpcValue.of(cbtEnabled)
        };
    }
}
