package io.catena.harness.e2e;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A host of a pool: an agent that others reach, each known by its certificate. For one test thread. */
final class PoolHost implements AutoCloseable {
    private static final Duration SIGNAL = Duration.ofSeconds(10);

    private final LiveAgent agent;
    private final List<Integer> ports;

    private PoolHost(LiveAgent agent, List<Integer> ports) {
        this.agent = agent;
        this.ports = ports;
    }

    /**
     * Starts an agent.
     *
     * @param others who may come in
     */
    static PoolHost start(Path runDirectory, TestCertificates certificates, String name, List<String> others)
            throws IOException {
        return start(runDirectory, certificates, name, others, "127.0.0.1");
    }

    /**
     * Starts an agent.
     *
     * @param address where others reach it; it listens at 127.0.0.1
     */
    static PoolHost start(
            Path runDirectory, TestCertificates certificates, String name, List<String> others, String address)
            throws IOException {
        return start(AgentProcess.home(), runDirectory, certificates, name, others, address);
    }

    /**
     * Starts an agent of some version.
     *
     * @param home its source tree
     */
    static PoolHost start(
            Path home,
            Path runDirectory,
            TestCertificates certificates,
            String name,
            List<String> others,
            String address)
            throws IOException {
        certificates.certify(name, name);
        int port = freePort();
        int nbdPort = freePort();
        List<String> options = new ArrayList<>(List.of(
                "--libvirt=none",
                "--api-listen=127.0.0.1:" + port,
                "--api-certificate=" + certificates.certificate(name),
                "--api-key=" + certificates.key(name),
                "--api-ca=" + certificates.authority(),
                "--nbd-listen=127.0.0.1:" + nbdPort,
                "--nbd-tls-certificate=" + certificates.certificate(name),
                "--nbd-tls-key=" + certificates.key(name),
                "--nbd-tls-ca=" + certificates.authority(),
                "--cluster-url=https://" + address + ":" + port));
        for (String other : others) {
            options.add("--api-client=" + other + "=peer");
            options.add("--nbd-tls-client=" + other);
        }
        return new PoolHost(LiveAgent.start(home, runDirectory, options), List.of(port, nbdPort));
    }

    /** One that nobody has now: it is to be the same after a restart. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Returns the ports at which others reach it. */
    List<Integer> ports() {
        return ports;
    }

    /** Stops its process where it is, as a host that stands still. */
    void pause() throws IOException {
        signal("STOP");
    }

    void resume() throws IOException {
        signal("CONT");
    }

    private void signal(String name) throws IOException {
        Programs.run(
                SIGNAL, "/bin/kill", "-" + name, Long.toString(agent.process().pid()));
    }

    LiveAgent agent() {
        return agent;
    }

    /** Attaches a disk for a holder, without activating it. */
    void attachInactive(String vdi, String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        body.addProperty("inactive", true);
        agent.api().post("/v1/vdis/" + ControlClient.part(vdi) + "/attach", body);
    }

    /** Activates, deactivates or detaches a disk for a holder. */
    void ask(String what, String vdi, String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        agent.api().post("/v1/vdis/" + ControlClient.part(vdi) + "/" + what, body);
    }

    /** Takes snapshots of disks at one instant. */
    int snapshot(String... vdis) throws IOException {
        List<String> words = new ArrayList<>(List.of("vdi", "snapshot"));
        words.addAll(List.of(vdis));
        return agent.process().cli(words.toArray(String[]::new)).stdout().split("\"of\"", -1).length - 1;
    }

    @Override
    public void close() throws IOException {
        if (agent.process().isAlive()) {
            resume();
        }
        agent.close();
    }
}
