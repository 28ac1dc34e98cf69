package io.catena.agent.cli;

import io.catena.agent.Agent;
import io.catena.agent.cli.text.Size;
import io.catena.agent.guest.Hypervisor;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.libvirt.LibvirtHypervisor;
import io.catena.agent.log.Logs;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code catena agent}: the daemon, in the foreground. */
@Command(name = "agent", description = "Run the daemon in the foreground; prints \"ready\" once it serves.")
final class AgentCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--nbd-connections", paramLabel = "N", description = "NBD clients served at a time. Default: 1024.")
    private int connections = NbdLimits.DEFAULT.maxConnections();

    @Option(
            names = "--nbd-memory",
            paramLabel = "SIZE",
            converter = Size.Converter.class,
            description = "Memory for the buffers of all NBD clients. Default: 512M.")
    private Size memory = new Size(NbdLimits.DEFAULT.bufferBytes());

    @Option(
            names = "--nbd-handshake-seconds",
            paramLabel = "S",
            description = "How long an NBD client may take to choose a disk. Default: 10.")
    private long handshakeSeconds = NbdLimits.DEFAULT.handshakeDeadline().toSeconds();

    @Option(
            names = "--libvirt",
            paramLabel = "URI",
            description = "The hypervisor whose guests to look after, or \"none\". Default: qemu:///system.")
    private String libvirtUri = LibvirtHypervisor.DEFAULT_URI;

    AgentCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws InterruptedException {
        Logs.toStderr();
        Agent agent = start(limits());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(agent), "shutdown"));
        session.out().println(session.json() ? "{\"ready\":true}" : "ready");
        session.out().flush();
        agent.awaitClosed();
        return 0;
    }

    private NbdLimits limits() {
        if (handshakeSeconds < 1) {
            throw new ParameterException(commandLine(), "--nbd-handshake-seconds is less than 1");
        }
        try {
            Duration handshake = Duration.ofSeconds(handshakeSeconds);
            return new NbdLimits(connections, handshake, NbdLimits.DEFAULT.drainDeadline(), memory.bytes());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine(), "bad limits for NBD: " + e.getMessage(), e);
        }
    }

    private Hypervisor hypervisor(Path nbdSocket) {
        return libvirtUri.equals("none") ? new NoHypervisor() : new LibvirtHypervisor(libvirtUri, nbdSocket);
    }

    private CommandLine commandLine() {
        return Objects.requireNonNull(spec).commandLine();
    }

    private Agent start(NbdLimits limits) {
        try {
            return Agent.start(session.runDirectory(), limits, this::hypervisor);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent cannot start: " + e.getMessage(), e)
                    .correction(
                            "Check the run directory " + session.runDirectory() + ", or give another with --run-dir.");
        }
    }

    /** Runs on SIGTERM. A clean end has exit code 0; left to itself the JVM would report 143, as for a kill. */
    private static void stop(Agent agent) {
        agent.close();
        Runtime.getRuntime().halt(0);
    }
}
