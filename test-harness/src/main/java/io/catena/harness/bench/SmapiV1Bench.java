package io.catena.harness.bench;

import io.catena.agent.smapiv1.DriverInstallation;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.smapiv1.SmDriver;
import io.catena.harness.smapiv1.StubTapdisks;
import io.catena.harness.smapiv1.StubXapi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures the commands of the SMAPIv1 driver, from the start of its process to its end, beside the bare start of the Python that it
 * is written in. XAPI and tapdisks are stubs, as they were when XenServer's driver for directories took 80 to 300 ms a command.
 */
final class SmapiV1Bench {
    private static final int WARM_UP = 15;
    private static final int ROUNDS = 100;
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";
    private static final String SR_REF = "OpaqueRef:sr1";
    private static final String BARE = "python3 -I -S -c ''";
    private static final String LEAST = "sr_content_type";
    private static final String SIZE = Long.toString(1L << 30);

    private final StubXapi xapi;
    private final SmDriver driver;
    private final Map<String, List<Double>> millis = new LinkedHashMap<>();

    private SmapiV1Bench(StubXapi xapi, SmDriver driver) {
        this.xapi = xapi;
        this.driver = driver;
    }

    /** Measures in a directory, which is left with files in it. */
    static Latencies run(AgentProcess agent, Path directory) throws IOException {
        try (StubXapi xapi = StubXapi.start(directory.resolve("xapi"));
                StubTapdisks tapdisks = StubTapdisks.install(directory.resolve("tap"))) {
            xapi.database().add("host", "OpaqueRef:host1", "uuid", "aaaaaaaa-0000-4000-8000-000000000001");
            xapi.database().add("SR", SR_REF, "uuid", SR, "type", "catena", "other_config", Map.of("gc", "false"));
            for (String size : List.of("virtual_allocation", "physical_size", "physical_utilisation")) {
                xapi.database().set("SR", SR_REF, size, "0");
            }
            DriverOptions options =
                    new DriverOptions(xapi.socket(), tapdisks.program().toString(), tapdisks.links());
            Path root = Files.createDirectory(directory.resolve("sm"));
            Path file = new DriverInstallation(root)
                    .install(agent.runDirectory(), options)
                    .get(0);
            SmDriver driver = new SmDriver(
                    file, SR, Map.of("location", directory.resolve(SR).toString()));
            return new SmapiV1Bench(xapi, driver).measured();
        }
    }

    private Latencies measured() throws IOException {
        answered(driver.sr("sr_create", "0"));
        answered(driver.sr("sr_attach"));
        String python = Programs.run(DEADLINE, "python3", "-c", "import sys; print(sys.executable)")
                .stdout()
                .strip();
        for (int round = 0; round < WARM_UP + ROUNDS; round++) {
            if (round == WARM_UP) {
                millis.clear();
            }
            Outcome unusedBare = clocked(BARE, () -> Programs.run(DEADLINE, python, "-I", "-S", "-c", ""));
            XmlRpcValue unusedLeast = timed(LEAST, () -> driver.sr(LEAST));
            round();
        }
        Latencies latencies = new Latencies();
        millis.forEach((what, values) -> latencies.add(
                what, values.stream().mapToDouble(Double::doubleValue).toArray()));
        double launcher = latencies.medianMillis(LEAST) - latencies.medianMillis(BARE);
        latencies.add(LEAST + " over the bare interpreter", new double[] {launcher});
        return latencies;
    }

    /** The life of a disk. */
    private void round() throws IOException {
        String disk = made(timed(
                "vdi_create",
                () -> driver.call(
                        "vdi_create",
                        Map.of("vdi_type", "user", "vdi_sm_config", Map.of()),
                        SIZE,
                        "d",
                        "",
                        "",
                        "false",
                        "19700101T00:00:00Z",
                        "",
                        "false")));
        command("vdi_update", disk);
        command("vdi_attach", disk, "true");
        command("vdi_activate", disk, "true");
        command("vdi_enable_cbt", disk);
        List<String> others = new ArrayList<>();
        others.add(cut("vdi_snapshot", disk));
        others.add(cut("vdi_snapshot", disk));
        command("vdi_list_changed_blocks", others.get(0), ref(others.get(1)));
        command("vdi_deactivate", disk);
        command("vdi_detach", disk);
        others.add(cut("vdi_clone", disk));
        command("vdi_resize", disk, Long.toString(2L << 30));
        for (String command : List.of("sr_update", "sr_scan")) {
            XmlRpcValue unused = timed(command, () -> driver.sr(command));
        }
        others.add(disk);
        for (String each : others) {
            command("vdi_delete", each);
        }
    }

    private String ref(String disk) {
        return xapi.database().ref("VDI", disk);
    }

    private void command(String command, String disk, String... arguments) throws IOException {
        String ref = ref(disk);
        XmlRpcValue unused = timed(command, () -> driver.vdi(command, disk, ref, arguments));
    }

    private String cut(String command, String disk) throws IOException {
        String ref = ref(disk);
        return made(timed(command, () -> driver.vdi(command, disk, ref, Map.of("driver_params", Map.of()))));
    }

    private static String made(XmlRpcValue answer) {
        return answer.member("uuid").asText();
    }

    private static XmlRpcValue answered(XmlRpcAnswer answer) throws IOException {
        if (answer.isFault()) {
            throw new IOException("the driver answers " + answer.faultCode() + ", " + answer.faultText());
        }
        return answer.value();
    }

    /** Something to be measured. */
    @FunctionalInterface
    private interface Work<T> {
        T run() throws IOException;
    }

    private XmlRpcValue timed(String what, Work<XmlRpcAnswer> work) throws IOException {
        return answered(clocked(what, work));
    }

    private <T> T clocked(String what, Work<T> work) throws IOException {
        long start = System.nanoTime();
        T result = work.run();
        millis.computeIfAbsent(what, name -> new ArrayList<>()).add((System.nanoTime() - start) / 1e6);
        return result;
    }
}
