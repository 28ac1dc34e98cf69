package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.Agent;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.smapiv1.DriverInstallation;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent, the driver installed for it, and what is around a driver on a host of XenServer. */
@Timeout(600)
abstract class DriverTest {
    static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";
    static final String SR_REF = "OpaqueRef:sr1";
    static final String HOST_REF = "OpaqueRef:host1";
    static final long MIB = 1 << 20;

    @TempDir
    Path directory;

    Agent agent;
    StubXapi xapi;
    StubTapdisks tapdisks;
    SmDriver driver;

    @BeforeEach
    void start() throws IOException {
        agent = startAgent();
        xapi = StubXapi.start(directory.resolve("xapi"));
        tapdisks = StubTapdisks.install(directory.resolve("tap"));
        fill(xapi.database());
        Path executable = install().get(0);
        driver = new SmDriver(executable, SR, Map.of("location", srDirectory().toString()));
    }

    @AfterEach
    void end() throws IOException {
        tapdisks.close();
        agent.close();
        xapi.close();
    }

    Agent startAgent() throws IOException {
        Agent.Options options = new Agent.Options(NbdLimits.DEFAULT, null, false);
        return Agent.start(directory.resolve("run"), options, socket -> new NoHypervisor());
    }

    List<Path> install() throws IOException {
        Path root = Files.createDirectories(directory.resolve("sm"));
        return new DriverInstallation(root).install(directory.resolve("run"), options());
    }

    DriverOptions options() {
        return new DriverOptions(xapi.socket(), tapdisks.program().toString(), tapdisks.links());
    }

    /** Lets calls go to the agent without a launcher, and guests reach disks without a tapdisk: both take their time. */
    void takeShortCuts() {
        DriverOptions options = new DriverOptions(xapi.socket(), "", tapdisks.links());
        driver = SmDriver.withoutLauncher(
                directory.resolve("run/agent.sock"),
                options,
                SR,
                Map.of("location", srDirectory().toString()));
    }

    Path srDirectory() {
        return directory.resolve(SR);
    }

    static void fill(StubDatabase database) {
        database.addHostAndSr(SR, "catena");
    }

    /** Makes an SR and attaches it. */
    void createSr() throws IOException {
        ok(driver.sr("sr_create", "0"));
        ok(driver.sr("sr_attach"));
    }

    String create(String name, long size) throws IOException {
        return create(name, size, Map.of());
    }

    String create(String name, long size, Map<String, Object> more) throws IOException {
        return ok(driver.call("vdi_create", creation(more), creationArgs(name, size)))
                .member("uuid")
                .asText();
    }

    static Map<String, Object> creation(Map<String, Object> more) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("vdi_type", "user");
        members.put("vdi_sm_config", Map.of());
        members.putAll(more);
        return members;
    }

    static String[] creationArgs(String name, long size) {
        return new String[] {Long.toString(size), name, "", "", "false", "19700101T00:00:00Z", "", "false"};
    }

    String ref(String vdi) {
        return xapi.database().ref("VDI", vdi);
    }

    XmlRpcAnswer vdi(String command, String vdi, String... args) throws IOException {
        return driver.vdi(command, vdi, ref(vdi), args);
    }

    String snapshot(String vdi) throws IOException {
        return cut("vdi_snapshot", vdi);
    }

    String cut(String command, String vdi) throws IOException {
        return ok(driver.vdi(command, vdi, ref(vdi), Map.of("driver_params", Map.of())))
                .member("uuid")
                .asText();
    }

    /** Writes to a disk as a guest does. */
    void write(String vdi, long offset, byte value) throws IOException {
        ok(vdi("vdi_attach", vdi, "true"));
        ok(vdi("vdi_activate", vdi, "true"));
        try (NbdClient guest = guest(vdi)) {
            byte[] bytes = new byte[8192];
            Arrays.fill(bytes, value);
            guest.write(offset, bytes);
        }
        ok(vdi("vdi_deactivate", vdi));
        ok(vdi("vdi_detach", vdi));
    }

    byte read(String vdi, long offset) throws IOException {
        ok(vdi("vdi_activate", vdi, "false"));
        try (NbdClient guest = guest(vdi)) {
            return guest.read(offset, 8192)[8191];
        } finally {
            ok(vdi("vdi_deactivate", vdi));
        }
    }

    /** Connects as a guest's backend does: by what attach told. */
    NbdClient guest(String vdi) throws IOException {
        return NbdClient.connect(tapdisks.links().resolve(SR).resolve(vdi).toRealPath(), vdi);
    }

    static XmlRpcValue ok(XmlRpcAnswer answer) {
        assertThat(answer.faultText()).isEmpty();
        assertThat(answer.faultCode()).isZero();
        return answer.value();
    }

    static void nil(XmlRpcAnswer answer) {
        assertThat(ok(answer)).isEqualTo(XmlRpcValue.nil());
    }

    static void fault(XmlRpcAnswer answer, int code, String... texts) {
        for (String text : texts) {
            assertThat(answer.faultText()).contains(text);
        }
        assertThat(answer.faultCode()).isEqualTo(code);
    }

    /** Returns the rows of disks by UUID. */
    Map<String, XmlRpcValue> rows() {
        return xapi.database().table("VDI").values().stream()
                .collect(Collectors.toMap(row -> row.member("uuid").asText(), row -> row));
    }

    XmlRpcValue row(String vdi) {
        return Objects.requireNonNull(rows().get(vdi), vdi);
    }

    Set<String> managed() {
        return rows().entrySet().stream()
                .filter(row -> row.getValue().member("managed").asFlag())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    Map<String, String> smConfig(String vdi) {
        return row(vdi).member("sm_config").asTextMap();
    }

    void otherConfig(Map<String, String> config) {
        xapi.database().set("SR", SR_REF, "other_config", config);
    }
}
