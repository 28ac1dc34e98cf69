package io.catena.agent.cli;

import io.catena.agent.Agent;
import io.catena.agent.api.ApiOptions;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Size;
import io.catena.agent.control.Role;
import io.catena.agent.follow.PeerOptions;
import io.catena.agent.guest.Hypervisor;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.libvirt.LibvirtHypervisor;
import io.catena.agent.log.LogLevel;
import io.catena.agent.log.Logs;
import io.catena.agent.nbd.ClientRights;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.nbd.channel.NbdTls;
import io.catena.agent.service.Hangup;
import io.catena.agent.service.ServiceManager;
import io.catena.agent.service.Watchdog;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.logging.Logger;
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
    private static final Logger LOG = Logger.getLogger(AgentCommand.class.getName());

    private static final long NANOS_PER_MICRO = 1_000;
    private static final long MOST_POLL_MICROS = 1_000;

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
            names = "--nbd-stall-seconds",
            paramLabel = "S",
            description = "How long an NBD client may stop in the middle of a request or a reply. Default: 300.")
    private long stallSeconds = NbdLimits.DEFAULT.stallDeadline().toSeconds();

    @Option(
            names = "--nbd-readers",
            paramLabel = "N",
            description =
                    "Threads that read what is not in memory, and copy large pieces, for all NBD clients together. Default: 64.")
    private int readers = NbdLimits.DEFAULT.maxReaders();

    @Option(
            names = "--nbd-poll-micros",
            paramLabel = "US",
            description =
                    "How long a thread may poll for the next request of an NBD client that sends one at a time, while"
                            + " processors are idle; 0 for never. Default: 100.")
    private long pollMicros = NbdLimits.DEFAULT.longestPoll().toNanos() / NANOS_PER_MICRO;

    @Option(
            names = "--nbd-listen",
            paramLabel = "ADDRESS:PORT",
            description = "Serve all exports over TCP too, to clients that use TLS. Default: not.")
    private @Nullable String listen;

    @Option(
            names = "--nbd-tls-certificate",
            paramLabel = "FILE",
            description = "For TCP: the certificate, and behind it those that lead to its authority, in PEM.")
    private @Nullable Path certificate;

    @Option(
            names = "--nbd-tls-key",
            paramLabel = "FILE",
            description = "For TCP: the private key of the certificate, in PEM (PKCS #8).")
    private @Nullable Path key;

    @Option(
            names = "--nbd-tls-ca",
            paramLabel = "FILE",
            description = "For TCP: who signs the certificates that clients must have. Default: they need none.")
    private @Nullable Path clientAuthorities;

    @Option(
            names = "--nbd-tls-client",
            paramLabel = "NAME",
            description =
                    "For TCP: a client that may have all disks, by the name in its certificate; \"*\" for all of the CA's."
                            + " The others may have what is attached for a holder of their name, and what \"catena"
                            + " client set\" gives them.")
    private List<String> clientNames = List.of();

    @Option(
            names = "--nbd-plain-tcp",
            description = "For TCP: let clients in without encryption. Whoever reaches the port has all disks.")
    private boolean plainTcp;

    @Option(
            names = "--zero-detection",
            description = "Writes of whole pages of zeros take no room. Default: they do, as any other.")
    private boolean zeroDetection;

    @Option(
            names = "--libvirt",
            paramLabel = "URI",
            description = "The hypervisor whose guests to look after, or \"none\". Default: qemu:///system.")
    private @Nullable String libvirtUri;

    @Option(
            names = "--allow-parent",
            paramLabel = "DIR",
            description = "A directory in which disks of any SR may have parents, read-only. Default: none.")
    private List<Path> allowedParents = List.of();

    @Option(
            names = "--api-listen",
            paramLabel = "ADDRESS:PORT",
            description = "Serve the API and the web page over TLS. Default: not.")
    private @Nullable String apiListen;

    @Option(
            names = "--api-certificate",
            paramLabel = "FILE",
            description =
                    "For the API: the certificate, and behind it those that lead to its authority, in PEM. Read again"
                            + " when it changes.")
    private @Nullable Path apiCertificate;

    @Option(
            names = "--api-key",
            paramLabel = "FILE",
            description = "For the API: the private key of the certificate, in PEM (PKCS #8).")
    private @Nullable Path apiKey;

    @Option(
            names = "--api-ca",
            paramLabel = "FILE",
            description = "For the API: who signs the certificates of clients that have one. Default: tokens only.")
    private @Nullable Path apiAuthorities;

    @Option(
            names = "--api-client",
            paramLabel = "NAME=ROLE",
            description = "For the API: the role of a client, by the name in its certificate: metrics, viewer, backup,"
                    + " operator, peer or admin.")
    private Map<String, String> apiClients = Map.of();

    @Option(
            names = "--cluster-url",
            paramLabel = "URL",
            description =
                    "Where the agents of other hosts reach the API of this one, for instance https://host1:7443: shared"
                            + " SRs are attached by several hosts then. Needs --api-ca, and --nbd-listen with TLS. Default: they"
                            + " do not.")
    private @Nullable String clusterUrl;

    @Option(
            names = "--api-state",
            paramLabel = "DIR",
            description =
                    "Where tokens, events and the audit log are kept. Default: \"api\" in the run directory; one that"
                            + " is lost with a reboot loses them.")
    private @Nullable Path apiState;

    @Option(
            names = "--state-file",
            paramLabel = "FILE",
            description =
                    "Where it is remembered what is attached. Default: \"state.json\" in the run directory; a file that"
                            + " outlives a reboot has it attached again after one.")
    private @Nullable Path stateFile;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "What is logged: error, warning, info or debug, each with those before it. Default: info.")
    private LogLevel logLevel = LogLevel.INFO;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A file with options, which those of the command line override. Default:"
                    + " /etc/catena/agent.conf, if it is there and the run directory is /run/catena.")
    private @Nullable Path config;

    @Option(names = "--check-config", description = "Tell what is wrong with the file and these options, and end.")
    private boolean checkConfig;

    AgentCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws InterruptedException {
        AgentConfiguration configuration = new AgentConfiguration(session, commandLine(), config);
        if (checkConfig) {
            return configuration.check();
        }
        AgentCommand chosen = configuration.read();
        Logs.toStderr();
        Logs.show(chosen.logLevel);
        Map<String, String> environment = System.getenv();
        ServiceManager manager =
                ServiceManager.of(environment, ProcessHandle.current().pid());
        Agent agent = chosen.start(chosen.options());
        Watchdog watchdog = Watchdog.start(manager, agent.probes());
        configuration.file().ifPresent(file -> Hangup.each(() -> reload(configuration, agent, manager)));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(agent, manager), "shutdown"));
        session.out().println(session.json() ? "{\"ready\":true}" : "ready");
        session.out().flush();
        manager.ready("serving");
        agent.awaitClosed();
        watchdog.close();
        return 0;
    }

    /** Returns the options for the agent, all looked at together; files of certificates are read. */
    Agent.Options options() {
        return new Agent.Options(limits(), tcp(), zeroDetection, api(), apiState, allowedParents, stateFile, peers());
    }

    private static void reload(AgentConfiguration configuration, Agent agent, ServiceManager manager) {
        manager.reloading();
        try {
            AgentCommand chosen = configuration.read();
            agent.reload(chosen.options());
            Logs.show(chosen.logLevel);
            configuration.logReload();
        } catch (RuntimeException e) {
            LOG.severe(LogLine.of("config-not-reloaded", "cause", e.getMessage() == null ? e : e.getMessage()));
        } finally {
            manager.ready("serving");
        }
    }

    private NbdLimits limits() {
        if (handshakeSeconds < 1 || stallSeconds < 1) {
            throw new ParameterException(
                    commandLine(), "--nbd-handshake-seconds or --nbd-stall-seconds is less than 1");
        }
        if (pollMicros < 0 || pollMicros > MOST_POLL_MICROS) {
            throw new ParameterException(
                    commandLine(), "--nbd-poll-micros " + pollMicros + ": expected 0 to " + MOST_POLL_MICROS);
        }
        try {
            Duration handshake = Duration.ofSeconds(handshakeSeconds);
            return NbdLimits.DEFAULT
                    .withMaxConnections(connections)
                    .withHandshakeDeadline(handshake)
                    .withStallDeadline(Duration.ofSeconds(stallSeconds))
                    .withBufferBytes(memory.bytes())
                    .withMaxReaders(readers)
                    .withLongestPoll(Duration.ofNanos(pollMicros * NANOS_PER_MICRO));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine(), "bad limits for NBD: " + e.getMessage(), e);
        }
    }

    private @Nullable NbdTcp tcp() {
        if (listen == null) {
            return null;
        }
        try {
            return new NbdTcp(address(listen), tls(), plainTcp, ClientRights.everythingFor(clientNames));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine(), "--nbd-listen " + listen + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent cannot serve over TLS: " + e.getMessage(), e)
                    .correction("Check the files of --nbd-tls-certificate, --nbd-tls-key and --nbd-tls-ca.");
        }
    }

    private @Nullable ApiOptions api() {
        if (apiListen == null) {
            return null;
        }
        if (apiCertificate == null || apiKey == null) {
            throw new ParameterException(
                    commandLine(), "--api-listen needs --api-certificate and --api-key: there is no API without TLS");
        }
        try {
            Map<String, Role> roles = new HashMap<>();
            apiClients.forEach((name, role) -> roles.put(name.toLowerCase(Locale.ROOT), Role.parse(role)));
            return new ApiOptions(address(apiListen), apiCertificate, apiKey, apiAuthorities, roles);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine(), "--api-listen " + apiListen + ": " + e.getMessage(), e);
        }
    }

    private @Nullable PeerOptions peers() {
        if (clusterUrl == null) {
            return null;
        }
        if (!clusterUrl.matches("https://[^/?#]+")) {
            throw new ParameterException(
                    commandLine(), "--cluster-url " + clusterUrl + ": expected https://HOST:PORT, without a path");
        }
        if (apiListen == null || apiCertificate == null || apiKey == null || apiAuthorities == null) {
            throw new ParameterException(
                    commandLine(),
                    "--cluster-url needs --api-listen and --api-ca: agents know each other by certificates");
        }
        if (listen == null || certificate == null) {
            throw new ParameterException(
                    commandLine(),
                    "--cluster-url needs --nbd-listen and --nbd-tls-certificate: other hosts reach disks through this one");
        }
        return new PeerOptions(clusterUrl, apiCertificate, apiKey, apiAuthorities);
    }

    private @Nullable NbdTls tls() throws IOException {
        if (certificate == null && key == null) {
            return null;
        }
        if (certificate == null || key == null) {
            throw new IllegalArgumentException("--nbd-tls-certificate and --nbd-tls-key need each other");
        }
        if (clientAuthorities == null && !clientNames.isEmpty()) {
            throw new IllegalArgumentException(
                    "--nbd-tls-client needs --nbd-tls-ca: names are told by certificates only");
        }
        return NbdTls.read(certificate, key, clientAuthorities);
    }

    /** Takes {@code HOST:PORT}, or {@code [IPv6]:PORT}. */
    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("expected ADDRESS:PORT");
        }
        int port = Integer.parseInt(text.substring(colon + 1));
        InetSocketAddress address = new InetSocketAddress(text.substring(0, colon), port);
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("no such address");
        }
        return address;
    }

    private Hypervisor hypervisor(Path nbdSocket) {
        if (libvirtUri == null) {
            return new LibvirtHypervisor(LibvirtHypervisor.DEFAULT_URI, false, nbdSocket);
        }
        return libvirtUri.equals("none") ? new NoHypervisor() : new LibvirtHypervisor(libvirtUri, true, nbdSocket);
    }

    private CommandLine commandLine() {
        return Objects.requireNonNull(spec).commandLine();
    }

    private Agent start(Agent.Options options) {
        try {
            return Agent.start(session.runDirectory(), options, this::hypervisor);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent cannot start: " + e.getMessage(), e)
                    .correction(
                            "Check the run directory " + session.runDirectory() + ", or give another with --run-dir.");
        }
    }

    /** Runs on SIGTERM. A clean end has exit code 0; left to itself the JVM would report 143, as for a kill. */
    private static void stop(Agent agent, ServiceManager manager) {
        manager.stopping();
        agent.close();
        Runtime.getRuntime().halt(0);
    }
}
