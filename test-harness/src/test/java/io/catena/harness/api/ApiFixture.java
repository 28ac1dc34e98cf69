package io.catena.harness.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.api.ApiOptions;
import io.catena.agent.api.ApiServer;
import io.catena.agent.control.Role;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.nbd.channel.NbdTls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** An agent in this process that serves the API over TLS, and clients of it. For one test thread. */
final class ApiFixture extends ApiClients implements AutoCloseable {
    private final Path runDirectory;
    private final boolean nbd;
    private Agent agent;

    /** An answer. */
    record Answer(int status, String body, HttpResponse<String> whole) {
        JsonElement json() {
            return JsonParser.parseString(body);
        }

        JsonObject object() {
            return json().getAsJsonObject();
        }

        String header(String name) {
            return whole.headers().firstValue(name).orElse("");
        }

        String text(String field) {
            return object().get(field).getAsString();
        }
    }

    ApiFixture(Path directory) throws IOException {
        this(directory, false);
    }

    /**
     * @param nbd whether disks are served over TCP with TLS, to clients with a certificate that have a right to them
     */
    ApiFixture(Path directory, boolean nbd) throws IOException {
        super(directory);
        this.nbd = nbd;
        runDirectory = directory.resolve("run");
        agent = startAgent();
    }

    private Agent startAgent() throws IOException {
        ApiOptions api = new ApiOptions(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                certificates.certificate("server"),
                certificates.key("server"),
                certificates.authority(),
                Map.of("backup-host", Role.BACKUP));
        Agent.Options options =
                new Agent.Options(NbdLimits.DEFAULT, nbd ? nbdTcp() : null, false, api, directory.resolve("state"));
        return Agent.start(runDirectory, options, nbdSocket -> new NoHypervisor());
    }

    private NbdTcp nbdTcp() throws IOException {
        NbdTls tls =
                NbdTls.read(certificates.certificate("server"), certificates.key("server"), certificates.authority());
        return new NbdTcp(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls, false, (names, vdis) -> Map.of());
    }

    void restart() throws IOException {
        agent.close();
        agent = startAgent();
    }

    @Override
    ControlClient local() {
        return new ControlClient(RunDirectory.controlSocket(runDirectory), DEADLINE);
    }

    ApiServer server() {
        return Objects.requireNonNull(agent.api());
    }

    @Override
    int port() {
        return server().address().getPort();
    }

    @Override
    public void close() {
        agent.close();
    }
}
