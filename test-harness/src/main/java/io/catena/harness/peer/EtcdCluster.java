package io.catena.harness.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Debian's etcd, some members of it on loopback, until closed. */
public final class EtcdCluster implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(60);
    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration SIGNAL = Duration.ofSeconds(10);

    private final Path directory;
    private final List<String> extra;
    private final String scheme;

    /** Where members and clients reach members; these listen at 127.0.0.1. */
    private final String address;

    private final List<Integer> clientPorts = new ArrayList<>();
    private final List<Integer> peerPorts = new ArrayList<>();
    private final List<BackgroundProgram> members = new ArrayList<>();

    private EtcdCluster(Path directory, int size, String scheme, String address, List<String> extra)
            throws IOException {
        this.directory = directory;
        this.scheme = scheme;
        this.address = address;
        this.extra = extra;
        List<Integer> ports = freePorts(2 * size);
        clientPorts.addAll(ports.subList(0, size));
        peerPorts.addAll(ports.subList(size, 2 * size));
    }

    /**
     * Starts members that anybody may ask.
     *
     * @param directory for their data
     */
    public static EtcdCluster start(Path directory, int size) throws IOException {
        return start(new EtcdCluster(directory, size, "http", LOOPBACK, List.of()));
    }

    /** The network in front of members. */
    @FunctionalInterface
    public interface Network {
        /**
         * Is told of a member before it is started.
         *
         * @param ports at which others and clients reach it
         */
        void join(List<Integer> ports) throws IOException;
    }

    /**
     * As the other method does.
     *
     * @param address where members and clients reach members, through {@code network}
     */
    public static EtcdCluster start(Path directory, int size, String address, Network network) throws IOException {
        EtcdCluster cluster = new EtcdCluster(directory, size, "http", address, List.of());
        for (int i = 0; i < size; i++) {
            network.join(List.of(cluster.clientPorts.get(i), cluster.peerPorts.get(i)));
        }
        return start(cluster);
    }

    /** Starts members that only speak to clients with a certificate of {@code authority}. */
    public static EtcdCluster startWithTls(Path directory, int size, Path authority, Path certificate, Path key)
            throws IOException {
        return start(new EtcdCluster(
                directory,
                size,
                "https",
                LOOPBACK,
                List.of(
                        "--client-cert-auth",
                        "--trusted-ca-file=" + authority,
                        "--cert-file=" + certificate,
                        "--key-file=" + key)));
    }

    private static EtcdCluster start(EtcdCluster cluster) throws IOException {
        boolean ready = false;
        try {
            for (int i = 0; i < cluster.clientPorts.size(); i++) {
                cluster.members.add(cluster.startMember(i, "new"));
            }
            for (BackgroundProgram member : cluster.members) {
                member.awaitLine(line -> line.contains("serving client traffic"), READY);
            }
            ready = true;
            return cluster;
        } finally {
            if (!ready) {
                cluster.close();
            }
        }
    }

    private BackgroundProgram startMember(int index, String state) throws IOException {
        String cluster = IntStream.range(0, peerPorts.size())
                .mapToObj(i -> "m" + i + "=http://" + address + ":" + peerPorts.get(i))
                .collect(Collectors.joining(","));
        List<String> command = new ArrayList<>(List.of(
                "etcd",
                "--name=m" + index,
                "--data-dir=" + directory.resolve("m" + index),
                "--listen-client-urls=" + scheme + "://" + LOOPBACK + ":" + clientPorts.get(index),
                "--advertise-client-urls=" + url(index),
                "--listen-peer-urls=http://" + LOOPBACK + ":" + peerPorts.get(index),
                "--initial-advertise-peer-urls=http://" + address + ":" + peerPorts.get(index),
                "--initial-cluster=" + cluster,
                "--initial-cluster-state=" + state,
                "--logger=zap"));
        command.addAll(extra);
        return BackgroundProgram.start(command.toArray(String[]::new));
    }

    private String url(int index) {
        return scheme + "://" + address + ":" + clientPorts.get(index);
    }

    /** Returns where the members are, with commas between them. */
    public String urls() {
        return IntStream.range(0, clientPorts.size()).mapToObj(this::url).collect(Collectors.joining(","));
    }

    /** Kills a member. */
    public void kill(int index) throws IOException {
        members.get(index).kill9();
    }

    /** Starts a member again that was killed, and waits until it serves. */
    public void restart(int index) throws IOException {
        restartUnawaited(index);
        members.get(index).awaitLine(line -> line.contains("serving client traffic"), READY);
    }

    /** Starts a member again that was killed; it may need others, that are to be started yet, to serve. */
    public void restartUnawaited(int index) throws IOException {
        members.set(index, startMember(index, "existing"));
    }

    /** Stops a member in the midst of what it does. */
    public void pause(int index) throws IOException {
        signal(index, "STOP");
    }

    /** Lets a member go on. */
    public void resume(int index) throws IOException {
        signal(index, "CONT");
    }

    private void signal(int index, String signal) throws IOException {
        Programs.run(
                SIGNAL,
                "/bin/kill",
                "-" + signal,
                Long.toString(members.get(index).pid()));
    }

    @Override
    public void close() throws IOException {
        for (BackgroundProgram member : members) {
            if (member.isAlive()) {
                member.kill9();
            }
        }
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                ports.add(socket.getLocalPort());
            }
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
        return ports;
    }
}
