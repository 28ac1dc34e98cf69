package io.catena.agent.smapiv1.xenapi;

import java.util.Map;

/**
 * The SRs in XAPI's database, and its hosts as far as they use disks.
 *
 * <p><b>Errors.</b> All methods throw {@link XenApiException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class SrTable {
    private final XenApi xapi;

    public SrTable(XenApi xapi) {
        this.xapi = xapi;
    }

    public Map<String, String> otherConfig(String sr) {
        return xapi.call("SR.get_other_config", sr).asTextMap();
    }

    /** Makes XAPI scan the SR soon. */
    public void markDirty(String sr) {
        try {
            xapi.call("SR.add_to_other_config", sr, "dirty", "");
        } catch (XenApiException e) {
            if (!e.code().equals("MAP_DUPLICATE_KEY")) {
                throw e;
            }
        }
    }

    public void setSizes(String sr, long virtualBytes, long capacityBytes, long usedBytes) {
        xapi.call("SR.set_virtual_allocation", sr, Long.toString(virtualBytes));
        xapi.call("SR.set_physical_size", sr, Long.toString(capacityBytes));
        xapi.call("SR.set_physical_utilisation", sr, Long.toString(usedBytes));
    }
}
