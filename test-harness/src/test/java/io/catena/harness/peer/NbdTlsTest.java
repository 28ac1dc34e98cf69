package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonParser;
import io.catena.agent.nbd.ClientRights;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.nbd.channel.NbdTls;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** NBD over TCP, with the programs that people use, and with clients that are not wanted. */
@Tag("slow")
@Timeout(300)
class NbdTlsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int SIZE_BYTES = 8 << 20;
    private static final int TLS_REQUIRED = 0x80000005;
    private static final Logger SERVER_LOG = Logger.getLogger("io.catena.agent.nbd");

    @TempDir
    private static Path directory;

    private static TestCertificates ours;

    /** Another authority, that nobody here trusts. */
    private static TestCertificates foreign;

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES);

    @BeforeAll
    static void certify() throws IOException {
        // Each client that is not let in is a line in the log.
        SERVER_LOG.setLevel(Level.OFF);
        ours = new TestCertificates(directory.resolve("ours"));
        ours.certify("server", "localhost");
        ours.certify("client", "guest-host");
        foreign = new TestCertificates(directory.resolve("foreign"));
        foreign.certify("server", "localhost");
        foreign.certify("client", "guest-host");
    }

    @AfterAll
    static void unsilence() {
        SERVER_LOG.setLevel(null);
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static NbdTls tls(boolean verifiesClients) throws IOException {
        return NbdTls.read(ours.certificate("server"), ours.key("server"), verifiesClients ? ours.authority() : null);
    }

    private static NbdTcp tcpFor(String... names) throws IOException {
        return new NbdTcp(anyPort(), tls(true), false, ClientRights.everythingFor(List.of(names)));
    }

    private NbdFixture serve(NbdTcp tcp) throws IOException {
        NbdFixture nbd = new NbdFixture(NbdLimits.DEFAULT.withHandshakeDeadline(Duration.ofSeconds(5)), tcp);
        nbd.publish(1, AccessMode.READ_WRITE, disk);
        return nbd;
    }

    private static String uri(NbdFixture nbd, TestCertificates certificates) throws IOException {
        return uri(nbd, certificates, 1);
    }

    private static String uri(NbdFixture nbd, TestCertificates certificates, int export) throws IOException {
        return "nbds://localhost:" + nbd.server().tcpAddress().getPort() + "/" + NbdFixture.name(export)
                + "?tls-certificates=" + certificates.directory();
    }

    @Test
    void libnbdCopiesInAndOutOverTls() throws IOException {
        Path image = directory.resolve("in.raw");
        byte[] content = new byte[SIZE_BYTES];
        new Random(1).nextBytes(content);
        Files.write(image, content);
        Path copy = directory.resolve("out.raw");
        try (NbdFixture nbd = serve(tcpFor("Guest-Host"))) {
            assertThat(Programs.run(DEADLINE, "nbdinfo", uri(nbd, ours)).stdout())
                    .contains("TLS")
                    .contains("export-size: " + SIZE_BYTES);
            Programs.run(DEADLINE, "nbdcopy", image.toString(), uri(nbd, ours));
            assertThat(disk.content()).isEqualTo(content);
            Programs.run(DEADLINE, "nbdcopy", uri(nbd, ours), copy.toString());
            assertThat(Files.mismatch(copy, image)).isEqualTo(-1);
        }
    }

    /** Python's TLS takes any other end for an attack, as GnuTLS does. */
    @Test
    void theEndOfAConnectionIsSaid() throws IOException {
        String client = """
                import socket, ssl, struct, sys
                plain = socket.create_connection(("localhost", int(sys.argv[1])))
                plain.settimeout(20)
                assert len(plain.recv(18, socket.MSG_WAITALL)) == 18
                plain.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 5, 0))
                assert len(plain.recv(20, socket.MSG_WAITALL)) == 20
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                tls = context.wrap_socket(plain, suppress_ragged_eofs=False)
                tls.sendall(struct.pack(">QII", 0x49484156454F5054, 2, 0))
                while tls.recv(100):
                    pass
                print("ended in order")
                """;
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(false), false))) {
            String port = String.valueOf(nbd.server().tcpAddress().getPort());
            assertThat(Programs.run(DEADLINE, "python3", "-c", client, port).stdout())
                    .contains("ended in order");
        }
    }

    @Test
    void qemuImgConvertsOverTls() throws IOException {
        new Random(2).nextBytes(disk.content());
        Path copy = directory.resolve("qemu.raw");
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(true), false))) {
            Programs.run(DEADLINE, qemuImg(nbd, "convert", "-O", "raw", copy.toString()));
            assertThat(Files.readAllBytes(copy)).isEqualTo(disk.content());
        }
    }

    private static String[] qemuImg(NbdFixture nbd, String command, String... more) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                "qemu-img",
                command,
                "--object",
                "tls-creds-x509,id=tls0,endpoint=client,dir=" + ours.directory(),
                "--image-opts",
                "driver=nbd,host=localhost,port=" + nbd.server().tcpAddress().getPort() + ",export="
                        + NbdFixture.name(1) + ",tls-creds=tls0"));
        line.addAll(List.of(more));
        return line.toArray(String[]::new);
    }

    @Test
    void clientsThatAreNotTrustedGetNothing() throws IOException {
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(true), false))) {
            TestCertificates mixed = mixed();
            assertThat(Programs.tryRun(DEADLINE, "nbdinfo", uri(nbd, mixed)).exitCode())
                    .as("a client with the certificate of another authority")
                    .isNotZero();
            assertThat(Programs.tryRun(DEADLINE, "nbdinfo", uri(nbd, foreign)).exitCode())
                    .as("a client that does not trust the server")
                    .isNotZero();
            assertThat(Programs.run(DEADLINE, "nbdinfo", uri(nbd, ours)).exitCode())
                    .isZero();
        }
    }

    /** Trusts the server, and is not trusted. */
    private static TestCertificates mixed() throws IOException {
        TestCertificates mixed = new TestCertificates(directory.resolve("mixed"));
        mixed.certify("client", "guest-host");
        Files.copy(ours.authority(), mixed.authority(), StandardCopyOption.REPLACE_EXISTING);
        return mixed;
    }

    @Test
    void namesOfClientsAreChecked() throws IOException {
        try (NbdFixture nbd = serve(tcpFor("another-host"))) {
            Outcome refused = Programs.tryRun(DEADLINE, "nbdinfo", uri(nbd, ours));
            assertThat(refused.exitCode()).isNotZero();
            assertThat(refused.stderr()).contains("server replied with error");
            assertThat(listed(nbd)).isEmpty();
        }
        try (NbdFixture nbd = serve(tcpFor("another-host", ClientRights.ANYBODY))) {
            assertThat(listed(nbd)).containsExactly(NbdFixture.name(1));
        }
    }

    @Test
    void aClientSeesAndReachesWhatItHasARightToAndNoMoreThanThat() throws IOException {
        AtomicReference<Map<VdiId, AccessMode>> rights =
                new AtomicReference<>(Map.of(VdiId.parse(NbdFixture.name(2)), AccessMode.READ_ONLY));
        ClientRights asked =
                (names, vdis) -> names.contains("guest-host") ? Objects.requireNonNull(rights.get()) : Map.of();
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(true), false, asked))) {
            nbd.publish(2, AccessMode.READ_WRITE, new MemoryDisk(SIZE_BYTES));

            assertThat(listed(nbd)).containsExactly(NbdFixture.name(2));
            String list = Programs.run(
                            DEADLINE,
                            "qemu-nbd",
                            "--list",
                            "--bind=localhost",
                            "--port=" + nbd.server().tcpAddress().getPort(),
                            "--object",
                            "tls-creds-x509,id=tls0,endpoint=client,dir=" + ours.directory(),
                            "--tls-creds=tls0")
                    .stdout();
            assertThat(list).contains(NbdFixture.name(2)).doesNotContain(NbdFixture.name(1));

            Outcome foreignDisk = Programs.tryRun(DEADLINE, qemuImg(nbd, "info"));
            assertThat(foreignDisk.exitCode()).isNotZero();
            assertThat(foreignDisk.stderr()).contains("guest-host", "no right to an export of this name");
            assertThat(Programs.run(DEADLINE, "nbdinfo", uri(nbd, ours, 2)).stdout())
                    .contains("is_read_only: true");

            rights.set(Map.of(VdiId.parse(NbdFixture.name(2)), AccessMode.READ_WRITE));
            assertThat(Programs.run(DEADLINE, "nbdinfo", uri(nbd, ours, 2)).stdout())
                    .contains("is_read_only: false");
            whoLosesItsRightIsCutOff(nbd, () -> rights.set(Map.of()));
        }
    }

    private static void whoLosesItsRightIsCutOff(NbdFixture nbd, Runnable losing) throws IOException {
        String client = """
                import socket, ssl, struct, sys
                port, tls, name = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
                plain = socket.create_connection(("localhost", port))
                plain.settimeout(40)
                plain.recv(18, socket.MSG_WAITALL)
                plain.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 5, 0))
                plain.recv(20, socket.MSG_WAITALL)
                context = ssl.create_default_context(cafile=tls + "/ca-cert.pem")
                context.load_cert_chain(tls + "/client-cert.pem", tls + "/client-key.pem")
                stream = context.wrap_socket(plain, server_hostname="localhost")
                stream.sendall(struct.pack(">QII", 0x49484156454F5054, 1, len(name)) + name)
                assert len(stream.recv(10)) == 10
                print("in", flush=True)
                try:
                    assert not stream.recv(1)
                except (ssl.SSLError, ConnectionError):
                    pass
                print("cut off", flush=True)
                """;
        String port = String.valueOf(nbd.server().tcpAddress().getPort());
        try (BackgroundProgram connected = BackgroundProgram.start(
                "python3", "-c", client, port, ours.directory().toString(), NbdFixture.name(2))) {
            connected.awaitLine("in"::equals, DEADLINE);
            losing.run();
            connected.awaitLine("cut off"::equals, DEADLINE);
        }
    }

    private static List<String> listed(NbdFixture nbd) throws IOException {
        String uri =
                "nbds://localhost:" + nbd.server().tcpAddress().getPort() + "/?tls-certificates=" + ours.directory();
        String json = Programs.run(DEADLINE, "nbdinfo", "--list", "--json", uri).stdout();
        List<String> names = new ArrayList<>();
        JsonParser.parseString(json)
                .getAsJsonObject()
                .getAsJsonArray("exports")
                .forEach(export ->
                        names.add(export.getAsJsonObject().get("export-name").getAsString()));
        return names;
    }

    @Test
    void withoutTlsNothingIsToldUnlessThatIsAllowed() throws IOException {
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(false), false));
                Socket client = new Socket(
                        InetAddress.getLoopbackAddress(),
                        nbd.server().tcpAddress().getPort())) {
            assertThat(optionReply(client, 3, new byte[0])).isEqualTo(TLS_REQUIRED);
            assertThat(optionReply(client, 8, new byte[0])).isEqualTo(TLS_REQUIRED);
            byte[] name = NbdFixture.name(1).getBytes(StandardCharsets.UTF_8);
            sendOption(client, 1, name);
            assertThat(client.getInputStream().read())
                    .as("the old option ends it")
                    .isEqualTo(-1);
        }
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), null, true))) {
            String plain = "nbd://localhost:" + nbd.server().tcpAddress().getPort() + "/" + NbdFixture.name(1);
            assertThat(Programs.run(DEADLINE, "nbdinfo", "--size", plain)
                            .stdout()
                            .trim())
                    .isEqualTo(Integer.toString(SIZE_BYTES));
        }
        assertThatThrownBy(() -> new NbdTcp(anyPort(), null, false)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Whoever sits between could send requests along with a client's STARTTLS, for the server to take them as encrypted. */
    @Test
    void whatCameInTheClearBehindStartTlsIsNotTakenForEncrypted() throws IOException {
        try (NbdFixture nbd = serve(new NbdTcp(anyPort(), tls(false), false));
                Socket client = new Socket(
                        InetAddress.getLoopbackAddress(),
                        nbd.server().tcpAddress().getPort())) {
            DataInputStream in = greeted(client);
            DataOutputStream out = new DataOutputStream(client.getOutputStream());
            out.write(option(5, new byte[0]));
            out.write(option(3, new byte[0]));
            out.flush();
            assertThat(reply(in)).as("STARTTLS is taken").isEqualTo(1);
            client.shutdownOutput();
            assertThat(new String(untilTheEnd(in), StandardCharsets.ISO_8859_1)).doesNotContain(NbdFixture.name(1));
        }
    }

    /** The server may leave with bytes of ours unread; our side then learns of a reset, sooner or later. */
    private static byte[] untilTheEnd(DataInputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            in.transferTo(bytes);
        } catch (SocketException e) {
            assertThat(bytes.size()).isLessThan(1 << 16);
        }
        return bytes.toByteArray();
    }

    @Test
    void aTlsHandshakeThatStopsIsEnded() throws IOException {
        NbdLimits limits = NbdLimits.DEFAULT.withHandshakeDeadline(Duration.ofMillis(300));
        try (NbdFixture nbd = new NbdFixture(limits, new NbdTcp(anyPort(), tls(false), false));
                Socket client = new Socket(
                        InetAddress.getLoopbackAddress(),
                        nbd.server().tcpAddress().getPort())) {
            DataInputStream in = greeted(client);
            client.getOutputStream().write(option(5, new byte[0]));
            assertThat(reply(in)).isEqualTo(1);
            client.getOutputStream().write(new byte[] {22, 3, 1});
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    private static int optionReply(Socket client, int option, byte[] data) throws IOException {
        DataInputStream in = sendOption(client, option, data);
        return reply(in);
    }

    /** Greets with the first option. */
    private static DataInputStream sendOption(Socket client, int option, byte[] data) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        if (in.available() > 0 || option == 3) {
            in = greeted(client);
        }
        client.getOutputStream().write(option(option, data));
        return in;
    }

    private static DataInputStream greeted(Socket client) throws IOException {
        client.setSoTimeout((int) DEADLINE.toMillis());
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readFully(new byte[18]);
        client.getOutputStream().write(new byte[] {0, 0, 0, 3});
        return in;
    }

    private static byte[] option(int number, byte[] data) {
        return ByteBuffer.allocate(16 + data.length)
                .putLong(0x49484156454f5054L)
                .putInt(number)
                .putInt(data.length)
                .put(data)
                .array();
    }

    private static int reply(DataInputStream in) throws IOException {
        in.readFully(new byte[12]);
        int type = in.readInt();
        in.readFully(new byte[in.readInt()]);
        return type;
    }
}
