package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.util.Map;

/**
 * The hosts of a pool.
 *
 * <p><b>Errors.</b> All methods throw {@link XenApiException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class Hosts {
    private final XenApi xapi;

    public Hosts(XenApi xapi) {
        this.xapi = xapi;
    }

    /**
     * Asks a host whether it has a disk open. One that XAPI does not know has not.
     *
     * @param host its reference
     * @param sr the reference of the disk's SR
     */
    public boolean hasOpen(String host, String sr, String vdi) {
        try {
            XmlRpcValue answer = xapi.call(
                    "host.call_plugin",
                    XmlRpcValue.of(host),
                    XmlRpcValue.of("on-slave"),
                    XmlRpcValue.of("is_open"),
                    XmlRpcValue.of(Map.of("vdiUuid", vdi, "srRef", sr)));
            return !answer.asText().equals("False");
        } catch (XenApiException e) {
            if (e.code().equals("HANDLE_INVALID")) {
                return false;
            }
            throw e;
        }
    }
}
