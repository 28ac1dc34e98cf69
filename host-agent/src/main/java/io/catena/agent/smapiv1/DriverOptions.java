package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.XenApi;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the driver was installed; travels with each call.
 *
 * @param xapi where XAPI listens
 * @param tapCtl the program that starts tapdisks; empty if guests reach disks without one, in a laboratory
 * @param links the directory in which tapback looks for a disk's tapdisk
 */
public record DriverOptions(Path xapi, String tapCtl, Path links) {
    /** As on a host. */
    public static final DriverOptions DEFAULT =
            new DriverOptions(XenApi.SOCKET, "/usr/sbin/tap-ctl", Path.of("/run/blktap-control/nbd"));

    /** Reads what {@link #toOption} wrote. */
    static DriverOptions parse(String option) {
        Map<String, String> found = new TreeMap<>();
        for (String pair : option.split("&", -1)) {
            String[] parts = pair.split("=", 2);
            if (parts.length == 2) {
                found.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            }
        }
        try {
            return new DriverOptions(
                    Path.of(found.getOrDefault("xapi", DEFAULT.xapi().toString())),
                    found.getOrDefault("tapctl", DEFAULT.tapCtl()),
                    Path.of(found.getOrDefault("links", DEFAULT.links().toString())));
        } catch (InvalidPathException e) {
            throw new SrException(SrError.BAD_REQUEST, "The driver was installed with a path that is none", e);
        }
    }

    /** Returns this as the query of a request. */
    public String toOption() {
        return "xapi=" + encoded(xapi.toString()) + "&tapctl=" + encoded(tapCtl) + "&links="
                + encoded(links.toString());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
