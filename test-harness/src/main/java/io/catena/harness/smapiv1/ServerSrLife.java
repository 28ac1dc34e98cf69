package io.catena.harness.smapiv1;

import io.catena.agent.smapiv1.DriverInstallation;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * What XAPI does to an SR on an NFS server through its life, by the driver as it is installed: a program for a guest that has such a
 * server, and an agent. Prints a line for each step, at last {@code done}.
 */
public final class ServerSrLife {
    private static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";
    private static final long MIB = 1 << 20;
    private static final int BLOCK_BYTES = 8192;
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final int MOST_REPEATS = 6;

    private final StubXapi xapi;
    private final Path launcher;
    private final Path links;
    private final String export;
    private final SmDriver driver;

    private ServerSrLife(StubXapi xapi, Path launcher, Path links, String export) {
        this.xapi = xapi;
        this.launcher = launcher;
        this.links = links;
        this.export = export;
        driver = driver(Map.of("server", "127.0.0.1", "serverpath", export));
    }

    private SmDriver driver(Map<String, String> config) {
        return new SmDriver(launcher, SR, config);
    }

    /**
     * Takes the agent's run directory, an empty directory, and what the server at 127.0.0.1 exports.
     *
     * @throws IOException if something is not as it has to be
     */
    public static void main(String[] args) throws IOException {
        Path home = Files.createDirectories(Path.of(args[1]));
        try (StubXapi xapi = StubXapi.start(home.resolve("xapi"))) {
            xapi.database().addHostAndSr(SR, "catenanfs");
            DriverOptions options = new DriverOptions(xapi.socket(), "", home.resolve("nbd"));
            DriverInstallation installation = new DriverInstallation(Files.createDirectories(home.resolve("sm")));
            installation.install(Path.of(args[0]), options);
            new ServerSrLife(xapi, home.resolve("sm/CatenaNFSSR"), options.links(), args[2]).run();
        }
        System.out.println("done");
        // The threads of the stub would let it wait.
        System.exit(0);
    }

    private void run() throws IOException {
        tellsWhatTheServerExports();
        step("sr_create", () -> driver.sr("sr_create", "0"));
        step("sr_attach", () -> driver.sr("sr_attach"));
        require(mounts().contains(" nfs4 "), "a mount of NFS 4", mounts());
        String found = step("sr_probe", () -> driver.sr("sr_probe")).asText();
        require(found.contains(SR), "the SR's UUID", found);

        String disk = create();
        write(disk, (byte) 1);
        String snapshot = cut("vdi_snapshot", disk);
        write(disk, (byte) 2);
        String clone = cut("vdi_clone", snapshot);
        requireContent(disk, (byte) 2);
        requireContent(clone, (byte) 1);
        step("vdi_resize", () -> vdi("vdi_resize", disk, Long.toString(12 * MIB)));
        step("vdi_delete", () -> vdi("vdi_delete", snapshot));
        step("vdi_delete", () -> vdi("vdi_delete", clone));

        step("sr_detach", () -> driver.sr("sr_detach"));
        require(mounts().isEmpty(), "no mount", mounts());
        step("sr_attach", () -> driver.sr("sr_attach"));
        step("sr_scan", () -> driver.sr("sr_scan"));
        requireContent(disk, (byte) 2);
        step("vdi_delete", () -> vdi("vdi_delete", disk));
        step("sr_delete", () -> driver.sr("sr_delete"));
        require(mounts().isEmpty(), "no mount", mounts());
        require(
                xapi.database().table("VDI").isEmpty(),
                "no disks",
                xapi.database().table("VDI"));
    }

    /** That is how dialogs ask: by a probe that lacks the path, and fails. */
    private void tellsWhatTheServerExports() throws IOException {
        String request = driver(Map.of("server", "127.0.0.1")).request("sr_probe", Map.of());
        Outcome outcome = Programs.run(DEADLINE, launcher.toString(), request);
        require(outcome.stdout().contains("<int>101</int>"), "the fault 101", outcome);
        require(outcome.stderr().contains(export), "the export " + export, outcome);
    }

    private String create() throws IOException {
        Map<String, Object> members = new LinkedHashMap<>(Map.of("vdi_type", "user", "vdi_sm_config", Map.of()));
        String size = Long.toString(8 * MIB);
        return step(
                        "vdi_create",
                        () -> driver.call(
                                "vdi_create", members, size, "d", "", "", "false", "19700101T00:00:00Z", "", "false"))
                .member("uuid")
                .asText();
    }

    private String cut(String command, String disk) throws IOException {
        return step(command, () -> driver.vdi(command, disk, ref(disk), Map.of("driver_params", Map.of())))
                .member("uuid")
                .asText();
    }

    private void write(String disk, byte value) throws IOException {
        step("vdi_attach", () -> vdi("vdi_attach", disk, "true"));
        step("vdi_activate", () -> vdi("vdi_activate", disk, "true"));
        try (NbdClient guest = guest(disk)) {
            byte[] bytes = new byte[BLOCK_BYTES];
            Arrays.fill(bytes, value);
            guest.write(MIB, bytes);
            guest.flush();
        }
        step("vdi_deactivate", () -> vdi("vdi_deactivate", disk));
        step("vdi_detach", () -> vdi("vdi_detach", disk));
    }

    private void requireContent(String disk, byte value) throws IOException {
        step("vdi_activate", () -> vdi("vdi_activate", disk, "true"));
        try (NbdClient guest = guest(disk)) {
            byte found = guest.read(MIB, BLOCK_BYTES)[BLOCK_BYTES - 1];
            require(found == value, value, found);
        }
        step("vdi_deactivate", () -> vdi("vdi_deactivate", disk));
    }

    private NbdClient guest(String disk) throws IOException {
        return NbdClient.connect(links.resolve(SR).resolve(disk).toRealPath(), disk);
    }

    private XmlRpcAnswer vdi(String command, String disk, String... args) throws IOException {
        return driver.vdi(command, disk, ref(disk), args);
    }

    private String ref(String disk) {
        return xapi.database().ref("VDI", disk);
    }

    private static String mounts() throws IOException {
        List<String> mounts = Files.readAllLines(Path.of("/proc/mounts")).stream()
                .filter(line -> line.contains("/" + SR + " ") || line.contains("/mnt/"))
                .toList();
        return String.join("\n", mounts);
    }

    /** A call as XAPI makes it. */
    private interface Call {
        XmlRpcAnswer run() throws IOException;
    }

    /** In an emulated guest on a busy host an agent may be held up for longer than its lease; then XAPI asks again. */
    private static XmlRpcValue step(String command, Call call) throws IOException {
        XmlRpcAnswer answer = call.run();
        for (int i = 0; i < MOST_REPEATS && answer.faultText().contains("lost its leases"); i++) {
            System.out.println(command + " again: " + answer.faultText());
            LockSupport.parkNanos(PAUSE.toNanos());
            answer = call.run();
        }
        if (answer.isFault()) {
            throw new IOException(command + " is the fault " + answer.faultCode() + ": " + answer.faultText());
        }
        System.out.println(command);
        return answer.value();
    }

    private static void require(boolean condition, Object expected, Object found) throws IOException {
        if (!condition) {
            throw new IOException("found " + found + ", expected " + expected);
        }
    }
}
