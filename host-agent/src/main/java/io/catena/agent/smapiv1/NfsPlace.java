package io.catena.agent.smapiv1;

import io.catena.api.SrLocation;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where SRs on an NFS server lie, in the words of XenServer's driver for these: an SR is a directory of its UUID below {@code
 * serverpath}, so that the SRs of both drivers are found at the same places.
 */
final class NfsPlace {
    static final String TYPE = "catenanfs";

    private static final String SERVER = "server";
    private static final String PATH = "serverpath";
    private static final String VERSION = "nfsversion";
    private static final String OPTIONS = "options";

    /** The newest that both know, which is 4.2, unless one is named. */
    private static final Set<String> ANY_VERSION = Set.of("", "4");

    private static final Set<String> VERSIONS = Set.of("4.1", "4.2");

    private NfsPlace() {}

    /** Whether a call is about an SR on a server. */
    static boolean isMeant(DriverCall call) {
        return call.type().equals(TYPE);
    }

    /** Refuses a call that does not say where its SR lies. A probe without a path asks what paths there are. */
    static void checked(DriverCall call) {
        Map<String, String> config = call.deviceConfig();
        if (config.getOrDefault(SERVER, "").isEmpty()) {
            throw SmFault.of(SmError.SERVER_MISSING);
        }
        if (!hasPath(call) && !call.command().equals("sr_probe")) {
            throw SmFault.of(SmError.SERVER_PATH_MISSING);
        }
        if (hasPath(call) && !config.getOrDefault(PATH, "").startsWith("/")) {
            throw SmFault.of(SmError.SERVER_PATH_BAD, config.get(PATH) + " is not an absolute path");
        }
        String version = config.getOrDefault(VERSION, "");
        if (!ANY_VERSION.contains(version) && !VERSIONS.contains(version)) {
            throw SmFault.of(SmError.NFS_VERSION, "found nfsversion " + version + ", expected 4.1 or 4.2");
        }
    }

    static boolean hasPath(DriverCall call) {
        return !call.deviceConfig().getOrDefault(PATH, "").isEmpty();
    }

    static String server(DriverCall call) {
        return call.deviceConfig().getOrDefault(SERVER, "");
    }

    /** Returns the export, or the server if no path is given. */
    static SrLocation export(DriverCall call) {
        return new SrLocation("nfs", export(call.deviceConfig()));
    }

    /** Returns the SR's own place on the export. */
    static SrLocation sr(DriverCall call) {
        Map<String, String> nfs = export(call.deviceConfig());
        nfs.put("directory", call.sr().toString());
        return new SrLocation("nfs", nfs);
    }

    private static Map<String, String> export(Map<String, String> config) {
        Map<String, String> nfs = new TreeMap<>();
        String server = config.getOrDefault(SERVER, "");
        boolean plainIpv6 = server.contains(":") && !server.startsWith("[");
        put(nfs, "server", plainIpv6 ? "[" + server + "]" : server);
        put(nfs, "path", config.getOrDefault(PATH, ""));
        put(nfs, "options", config.getOrDefault(OPTIONS, ""));
        String version = config.getOrDefault(VERSION, "");
        put(nfs, "vers", ANY_VERSION.contains(version) ? "" : version);
        return nfs;
    }

    private static void put(Map<String, String> to, String key, String value) {
        if (!value.isEmpty()) {
            to.put(key, value);
        }
    }
}
