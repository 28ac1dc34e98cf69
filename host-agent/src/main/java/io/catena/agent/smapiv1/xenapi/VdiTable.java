package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The disks in XAPI's database.
 *
 * <p><b>Errors.</b> All methods throw {@link XenApiException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class VdiTable {
    private static final List<String> UNKNOWN = List.of("HANDLE_INVALID", "UUID_INVALID");

    private final XenApi xapi;

    public VdiTable(XenApi xapi) {
        this.xapi = xapi;
    }

    /** Returns all disks of an SR. */
    public List<VdiRow> ofSr(String sr) {
        List<VdiRow> rows = new ArrayList<>();
        xapi.call("VDI.get_all_records_where", "field \"SR\" = \"" + sr + "\"")
                .asStruct()
                .forEach((ref, row) -> rows.add(VdiRow.of(ref, row)));
        return rows;
    }

    /** Returns the reference of a disk; none if XAPI does not know it. */
    public Optional<String> find(String uuid) {
        return ifKnown(() -> xapi.call("VDI.get_by_uuid", uuid).asText());
    }

    public String uuid(String ref) {
        return xapi.call("VDI.get_uuid", ref).asText();
    }

    public String label(String ref) {
        return xapi.call("VDI.get_name_label", ref).asText();
    }

    public String description(String ref) {
        return xapi.call("VDI.get_name_description", ref).asText();
    }

    public Map<String, String> smConfig(String ref) {
        return xapi.call("VDI.get_sm_config", ref).asTextMap();
    }

    public Map<String, String> otherConfig(String ref) {
        return xapi.call("VDI.get_other_config", ref).asTextMap();
    }

    /** Makes a row, and returns its reference. */
    public String introduce(String sr, NewVdiRow row) {
        return xapi.call("VDI.db_introduce", row.arguments(sr)).asText();
    }

    /** Removes a row; does nothing if it is gone. */
    public void forget(String ref) {
        Optional<XmlRpcValue> unused = ifKnown(() -> xapi.call("VDI.db_forget", ref));
    }

    public void setManaged(String ref, boolean managed) {
        xapi.call("VDI.set_managed", XmlRpcValue.of(ref), XmlRpcValue.of(managed));
    }

    public void setReadOnly(String ref, boolean readOnly) {
        xapi.call("VDI.set_read_only", XmlRpcValue.of(ref), XmlRpcValue.of(readOnly));
    }

    public void setCbtEnabled(String ref, boolean enabled) {
        xapi.call("VDI.set_cbt_enabled", XmlRpcValue.of(ref), XmlRpcValue.of(enabled));
    }

    public void setVirtualSize(String ref, long bytes) {
        xapi.call("VDI.set_virtual_size", ref, Long.toString(bytes));
    }

    public void setPhysicalUtilisation(String ref, long bytes) {
        xapi.call("VDI.set_physical_utilisation", ref, Long.toString(bytes));
    }

    /** Adds a key; returns false, with nothing changed, if there is one of the name already. */
    public boolean addSmConfig(String ref, String key, String value) {
        try {
            xapi.call("VDI.add_to_sm_config", ref, key, value);
            return true;
        } catch (XenApiException e) {
            if (e.code().equals("MAP_DUPLICATE_KEY")) {
                return false;
            }
            throw e;
        }
    }

    /**
     * Gives a key a value unless it has that.
     *
     * @param present the value that it has; null if it is not there
     */
    public void putSmConfigIfOther(String ref, String key, String value, @Nullable String present) {
        if (!value.equals(present)) {
            putSmConfig(ref, key, value);
        }
    }

    /** Gives a key a value, whether it is there or not. */
    public void putSmConfig(String ref, String key, String value) {
        removeSmConfig(ref, key);
        boolean unused = addSmConfig(ref, key, value);
    }

    /** Removes a key; does nothing if it, or the disk, is gone. */
    public void removeSmConfig(String ref, String key) {
        Optional<XmlRpcValue> unused = ifKnown(() -> xapi.call("VDI.remove_from_sm_config", ref, key));
    }

    /** As {@link #removeSmConfig}, of what users set. */
    public void removeOtherConfig(String ref, String key) {
        Optional<XmlRpcValue> unused = ifKnown(() -> xapi.call("VDI.remove_from_other_config", ref, key));
    }

    private static <T> Optional<T> ifKnown(Supplier<T> call) {
        try {
            return Optional.of(call.get());
        } catch (XenApiException e) {
            if (UNKNOWN.contains(e.code())) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
