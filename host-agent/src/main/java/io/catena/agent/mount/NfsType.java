package io.catena.agent.mount;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLocation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * An export of an NFS server, by NFS 4.1 or later: {@code server}, {@code path}, and if need be {@code vers}, {@code options} and
 * {@code directory}.
 *
 * <p>{@code hard}, since a request that is given up may be done all the same, later; {@code lookupcache=positive}, since hosts agree
 * by files that appear.
 *
 * <p>Source: {@code nfs(5)}.
 */
final class NfsType implements SrType {
    private static final Duration LISTING = Duration.ofSeconds(20);
    private static final Pattern SERVER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.%a-z]+]");
    private static final Pattern PATH = Pattern.compile("/[^\\p{Cntrl}]*");
    private static final Pattern OPTION = Pattern.compile("[a-z_0-9]+(=[A-Za-z0-9.:_/%-]+)?");
    private static final Set<String> VERSIONS = Set.of("4.1", "4.2");

    /**
     * How fast and to whom it is: the admin's. Of all others some decide about safety, or are set here; and what a later kernel,
     * or {@code mount(8)} itself, makes of a name that is not here nobody can know.
     */
    private static final Set<String> ALLOWED = Set.of(
            "_netdev",
            "ac",
            "acdirmax",
            "acdirmin",
            "acregmax",
            "acregmin",
            "actimeo",
            "clientaddr",
            "context",
            "cto",
            "defaults",
            "defcontext",
            "fg",
            "fsc",
            "fscontext",
            "hard",
            "intr",
            "lock",
            "max_connect",
            "nconnect",
            "noac",
            "noatime",
            "nodev",
            "nodiratime",
            "noexec",
            "nofail",
            "nofsc",
            "nointr",
            "nordirplus",
            "noresvport",
            "nosharecache",
            "nosuid",
            "notrunkdiscovery",
            "port",
            "rdirplus",
            "relatime",
            "resvport",
            "retrans",
            "rootcontext",
            "rsize",
            "rw",
            "sec",
            "sharecache",
            "sync",
            "tcp",
            "timeo",
            "trunkdiscovery",
            "write",
            "wsize",
            "xprtsec");

    private final Programs programs;

    NfsType(Programs programs) {
        this.programs = programs;
    }

    @Override
    public String name() {
        return "nfs";
    }

    @Override
    public Wanted wanted(SrLocation location) {
        location.allowOnly(Set.of("server", "path", "vers", "options", Wanted.DIRECTORY));
        String server = server(location);
        String path = location.required("path").replaceAll("/+", "/");
        if (!PATH.matcher(path).matches()) {
            throw refused("path", path, "Give the absolute path of an export.");
        }
        String plain = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        return new Wanted("nfs4", server + ":" + plain, options(location), Wanted.directoryOf(location));
    }

    private static String server(SrLocation location) {
        String server = location.required("server");
        if (!SERVER.matcher(server).matches()) {
            throw refused("server", server, "Give a name or an address; one of IPv6 within brackets.");
        }
        return server;
    }

    private static List<String> options(SrLocation location) {
        String version = location.config().getOrDefault("vers", "4.2");
        if (!VERSIONS.contains(version)) {
            throw refused("vers", version, "Catena needs NFS 4.1 or 4.2: only these know who has a file open.");
        }
        List<String> options = new ArrayList<>(List.of(
                "vers=" + version,
                "hard",
                "proto=" + (isIpv6(location) ? "tcp6" : "tcp"),
                "lookupcache=positive",
                "retry=0",
                "nosuid",
                "nodev",
                "noexec",
                "noatime"));
        for (String option : location.config().getOrDefault("options", "").split(",", -1)) {
            if (!option.isEmpty()) {
                options.add(allowed(option));
            }
        }
        return options;
    }

    private static boolean isIpv6(SrLocation location) {
        return location.required("server").startsWith("[");
    }

    private static String allowed(String option) {
        if (!OPTION.matcher(option).matches() || !ALLOWED.contains(option.replaceFirst("=.*", ""))) {
            throw refused(
                    "options",
                    option,
                    "It is set by Catena, is not known, or makes the data unsafe: with \"soft\" a request that was given up may be done later,"
                            + " and without locks at the server two hosts can write the same file.");
        }
        return option;
    }

    private static SrException refused(String key, String value, String correction) {
        return new SrException(SrError.BAD_REQUEST, "\"" + value + "\" is refused as \"" + key + "\" of an NFS SR")
                .correction(correction);
    }

    /** By the service of NFS 3, which most servers have beside NFS 4. */
    @Override
    public List<String> exports(SrLocation location) throws IOException {
        if (location.config().containsKey("path")) {
            return List.of();
        }
        String server = server(location);
        Programs.Result result = programs.run(LISTING, List.of("showmount", "--no-headers", "-e", server));
        if (result.exitCode() != 0) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "The exports of " + server + " cannot be listed: " + result.output())
                    .correction(
                            "Check the server's name; one of NFS 4 alone does not list them: add \"path\" to the configuration.");
        }
        return result.output()
                .lines()
                .map(line -> line.replaceFirst("\\s+\\S*$", "").strip())
                .filter(line -> line.startsWith("/"))
                .toList();
    }
}
