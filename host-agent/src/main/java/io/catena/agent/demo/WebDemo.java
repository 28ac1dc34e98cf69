package io.catena.agent.demo;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A living example for the web page: an agent with a certificate of its own making, and a {@link LivingExample} in it.
 *
 * <p><b>Threads.</b> For one thread; {@link #stop} and {@link #isStopping} may be called by others.
 */
public final class WebDemo {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final String ADDRESS = "127.0.0.1";

    private final Path directory;
    private final List<String> agentCommand;
    private final int port;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * @param directory for everything; absent or empty, and short, for it holds sockets. It is deleted at the end
     * @param agentCommand what starts an agent
     * @param port where to listen on the loopback address; 0 for any that is free
     */
    public WebDemo(Path directory, List<String> agentCommand, int port) {
        this.directory = directory;
        this.agentCommand = List.copyOf(agentCommand);
        this.port = port;
    }

    /**
     * How the example is reached.
     *
     * @param token an administrator's
     * @param certificate the file of the certificate, in PEM, for who wants to check it
     */
    public record Place(String address, String token, String certificate) {}

    /**
     * Starts the agent, fills it and keeps it alive until {@link #stop}. Nothing is left then, nor after a failure.
     *
     * @param told hears how it is reached, once it is
     * @throws SrException {@link SrError#BAD_REQUEST} if the port cannot be had
     */
    public void run(Consumer<Place> told) throws IOException, InterruptedException {
        try {
            int free = freePort();
            Files.createDirectories(directory);
            Path certificate = directory.resolve("certificate.pem");
            Path key = directory.resolve("key.pem");
            SelfSigned.write(certificate, key);
            try (TourAgent agent = start(free, certificate, key)) {
                LivingExample example = new LivingExample(agent.control(), directory);
                String token = example.make();
                told.accept(new Place("https://localhost:" + free + "/", token, certificate.toString()));
                example.live(stopped);
            }
        } finally {
            Deleting.tree(directory);
            ended.countDown();
        }
    }

    private TourAgent start(int free, Path certificate, Path key) throws IOException {
        List<String> command = new ArrayList<>(agentCommand);
        command.addAll(List.of("--libvirt", "none", "--api-listen", ADDRESS + ":" + free));
        command.addAll(List.of("--api-certificate", certificate.toString(), "--api-key", key.toString()));
        Path log = directory.resolve("agent.log");
        try {
            return TourAgent.start(command, directory.resolve("run"), log);
        } catch (IOException e) {
            // The log goes with the directory.
            throw new IOException(e.getMessage() + ", which ends with: " + lastLine(log), e);
        }
    }

    private static String lastLine(Path log) throws IOException {
        List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }

    private int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (BindException e) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "Port " + port + " of " + ADDRESS + " cannot be had: " + e.getMessage(),
                            e)
                    .correction("Give another with --port, or --port 0 for any that is free.");
        }
    }

    /** Ends {@link #run}, and waits until nothing is left of the example. */
    public void stop() throws InterruptedException {
        stopped.countDown();
        ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether it is being stopped, or will be in a moment: Ctrl-C reaches the agent as soon as us. */
    public boolean isStopping() throws InterruptedException {
        return stopped.await(1, TimeUnit.SECONDS);
    }
}
