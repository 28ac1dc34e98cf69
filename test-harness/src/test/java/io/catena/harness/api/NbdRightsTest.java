package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.ClientRights;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.nbd.channel.NbdTls;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which disks a client of NBD over TLS sees and reaches, by what was attached for it and what it was given. */
@Timeout(120)
class NbdRightsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path directory;
    private final TestCertificates certificates;
    private Agent agent;

    NbdRightsTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("server", "localhost");
        certificates.certify("client", "Node-1");
        agent = start();
    }

    private Agent start() throws IOException {
        NbdTls tls =
                NbdTls.read(certificates.certificate("server"), certificates.key("server"), certificates.authority());
        NbdTcp tcp = new NbdTcp(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                tls,
                false,
                ClientRights.everythingFor(List.of("admin-host")));
        return Agent.start(
                directory.resolve("run"),
                new Agent.Options(NbdLimits.DEFAULT, tcp, false, null, directory.resolve("state")),
                nbdSocket -> new NoHypervisor());
    }

    @AfterEach
    void close() {
        agent.close();
    }

    @Test
    void whatIsAttachedForItOrWasGivenToItAndNothingElse() throws IOException {
        String sr = text(post("/v1/srs", "{'name':'s','path':'" + directory.resolve("sr") + "'}"), "sr");
        String own = attached(sr, "own", "node-1");
        String red = attached(sr, "red", "node-2");
        String blue = attached(sr, "blue", "node-2");

        assertThat(listed()).containsExactly(own);
        assertThat(info(own)).contains("is_read_only: false");
        assertThat(refusal(red)).contains("node-1", "no right to an export of this name");
        assertThat(refusal("5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10")).isEqualTo(refusal(red));

        put("/v1/clients/NODE-1", "{'labels':{'team':'red'},'readOnly':true}");
        assertThat(listed()).containsExactlyInAnyOrder(own, red);
        assertThat(info(red)).contains("is_read_only: true");
        assertThat(info(own)).contains("is_read_only: false");

        put("/v1/clients/node-1", "{'vdis':['blue']}");
        assertThat(listed()).containsExactlyInAnyOrder(own, blue);

        put("/v1/clients/node-1", "{'srs':['s']}");
        assertThat(listed()).containsExactlyInAnyOrder(own, red, blue);
        agent.close();
        agent = start();
        assertThat(listed()).as("after a restart").containsExactlyInAnyOrder(own, red, blue);

        local().delete("/v1/clients/node-1");
        assertThat(listed()).containsExactly(own);
        local().delete("/v1/vdis/own/attachments/node-1");
        assertThat(listed()).isEmpty();
    }

    /** Returns a disk that a holder has active; its label is its name. */
    private String attached(String sr, String name, String holder) {
        String disk = text(
                post(
                        "/v1/srs/" + sr + "/vdis",
                        "{'sizeBytes':2097152,'name':'" + name + "','keys':{'team':'" + name + "'}}"),
                "vdi");
        put("/v1/vdis/" + disk + "/attachments/" + holder, "{}");
        return disk;
    }

    private int port() {
        JsonObject anyAttachment =
                local().get("/v1/vdis/red/attachments").getAsJsonArray().get(0).getAsJsonObject();
        return anyAttachment.getAsJsonObject("connection").get("nbdTlsPort").getAsInt();
    }

    private List<String> listed() throws IOException {
        String uri = "nbds://localhost:" + port() + "/?tls-certificates=" + certificates.directory();
        Outcome list = Programs.run(DEADLINE, "nbdinfo", "--list", "--json", uri);
        List<String> names = new ArrayList<>();
        for (JsonElement export :
                JsonParser.parseString(list.stdout()).getAsJsonObject().getAsJsonArray("exports")) {
            names.add(text(export, "export-name"));
        }
        return names;
    }

    private String info(String disk) throws IOException {
        return Programs.run(
                        DEADLINE,
                        "nbdinfo",
                        "nbds://localhost:" + port() + "/" + disk + "?tls-certificates=" + certificates.directory())
                .stdout();
    }

    /** Returns what the server says; qemu shows it. */
    private String refusal(String disk) throws IOException {
        Outcome refused = Programs.tryRun(
                DEADLINE,
                "qemu-img",
                "info",
                "--object",
                "tls-creds-x509,id=tls0,endpoint=client,dir=" + certificates.directory(),
                "--image-opts",
                "driver=nbd,host=localhost,port=" + port() + ",export=" + disk + ",tls-creds=tls0");
        assertThat(refused.exitCode()).isNotZero();
        return refused.stderr().replace(disk, "DISK");
    }

    private ControlClient local() {
        return new ControlClient(RunDirectory.controlSocket(directory.resolve("run")), DEADLINE);
    }

    private JsonElement post(String path, String body) {
        return local().post(path, json(body));
    }

    private void put(String path, String body) {
        assertThat(local().put(path, json(body)).isJsonObject()).isTrue();
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }
}
