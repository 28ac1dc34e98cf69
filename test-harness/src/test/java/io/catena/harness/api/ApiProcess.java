package io.catena.harness.api;

import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An agent as users run it that serves the API over TLS, to be killed and started again on the same port. */
final class ApiProcess extends ApiClients implements AutoCloseable {
    private final int port;
    private final AgentProcess agent;

    ApiProcess(Path directory) throws IOException {
        this(directory, false);
    }

    /**
     * @param nbd whether disks are served over TCP with TLS, to clients with a certificate that have a right to them
     */
    ApiProcess(Path directory, boolean nbd) throws IOException {
        super(directory);
        port = freePort();
        agent = AgentProcess.startShortLived(
                directory.resolve("run"), options(nbd).toArray(String[]::new));
    }

    private List<String> options(boolean nbd) {
        List<String> options = new ArrayList<>(List.of(
                "--libvirt=none",
                "--api-listen=127.0.0.1:" + port,
                "--api-certificate=" + certificates.certificate("server"),
                "--api-key=" + certificates.key("server"),
                "--api-ca=" + certificates.authority(),
                "--api-state=" + directory.resolve("state")));
        if (nbd) {
            options.addAll(List.of(
                    "--nbd-listen=127.0.0.1:0",
                    "--nbd-tls-certificate=" + certificates.certificate("server"),
                    "--nbd-tls-key=" + certificates.key("server"),
                    "--nbd-tls-ca=" + certificates.authority()));
        }
        return options;
    }

    /** One that nobody has now: it is to be the same after a restart. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    AgentProcess agent() {
        return agent;
    }

    @Override
    int port() {
        return port;
    }

    @Override
    ControlClient local() {
        return new ControlClient(agent.runDirectory().resolve("agent.sock"), DEADLINE);
    }

    @Override
    public void close() throws IOException {
        agent.close();
    }
}
