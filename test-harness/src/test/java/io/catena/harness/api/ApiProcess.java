package io.catena.harness.api;

import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;

/** An agent as users run it that serves the API over TLS, to be killed and started again on the same port. */
final class ApiProcess extends ApiClients implements AutoCloseable {
    private final int port;
    private final AgentProcess agent;

    ApiProcess(Path directory) throws IOException {
        super(directory);
        port = freePort();
        agent = AgentProcess.start(
                directory.resolve("run"),
                "--libvirt=none",
                "--api-listen=127.0.0.1:" + port,
                "--api-certificate=" + certificates.certificate("server"),
                "--api-key=" + certificates.key("server"),
                "--api-state=" + directory.resolve("state"));
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
