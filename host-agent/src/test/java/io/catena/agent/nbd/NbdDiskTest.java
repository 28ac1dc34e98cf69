package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.agent.nbd.client.NbdUri;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client's side against the server of the same package. */
@Timeout(60)
final class NbdDiskTest {
    private static final VdiId VDI = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(200);

    private final ByteArrayDisk device = new ByteArrayDisk(4 << 20);

    @TempDir
    Path directory;

    private NbdExports exports;
    private NbdServer server;
    private Export export;

    @BeforeEach
    void start() throws IOException {
        exports = new NbdExports(directory.resolve("a b+c&d.sock"), Duration.ofSeconds(10));
        server = NbdServer.start(exports, NbdLimits.DEFAULT);
        export = exports.publish(VDI, AccessMode.READ_WRITE, device);
    }

    @AfterEach
    void stop() throws IOException {
        device.readMayGoOn.countDown();
        server.close();
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        byte[] data = new byte[(5 << 19) + 512];
        new Random(7).nextBytes(data);
        try (NbdDisk disk = NbdDisk.connect(export.uri(), PATIENCE)) {
            assertThat(disk.sizeBytes()).isEqualTo(4 << 20);
            disk.write(512, ByteBuffer.wrap(data));
            disk.flush();
            assertThat(Arrays.copyOfRange(device.content, 512, 512 + data.length))
                    .isEqualTo(data);

            ByteBuffer read = ByteBuffer.allocate(data.length);
            disk.read(512, read);
            assertThat(read.array()).isEqualTo(data);
        }
    }

    @Test
    void onlyTheRestOfABufferIsUsed() throws IOException {
        try (NbdDisk disk = NbdDisk.connect(export.uri(), PATIENCE)) {
            ByteBuffer source = ByteBuffer.allocate(2048).put(512, (byte) 1).put(1024, (byte) 2);
            source.position(512).limit(1024);
            disk.write(0, source);
            assertThat(source.remaining()).isZero();
            assertThat(device.content[0]).isEqualTo((byte) 1);
            assertThat(device.content[512]).isZero();

            ByteBuffer target = ByteBuffer.allocate(2048).position(512).limit(1024);
            disk.read(0, target);
            assertThat(target.position()).isEqualTo(1024);
            assertThat(target.get(512)).isEqualTo((byte) 1);
        }
    }

    @Test
    void anExportThatIsNotThereIsNamed() {
        String uri = export.uri().replace(VDI.toString(), "nothing");

        assertThatThrownBy(() -> NbdDisk.connect(uri, PATIENCE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("\"nothing\"");
    }

    @Test
    void anErrorOfTheServerTellsTheRequestAndLeavesTheConnectionInUse() throws IOException {
        try (NbdDisk disk = NbdDisk.connect(export.uri(), PATIENCE)) {
            assertThatThrownBy(() -> disk.read(4 << 20, ByteBuffer.allocate(512)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("READ of 512 bytes at 4194304 with error 22");
            disk.read(0, ByteBuffer.allocate(512));
        }
    }

    @Test
    void anAnswerThatDoesNotComeIsNotWaitedForLonger() throws IOException {
        device.readMayGoOn = new CountDownLatch(1);
        try (NbdDisk disk = NbdDisk.connect(export.uri(), SHORT)) {
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512)))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("within 200 ms");
        }
    }

    @Test
    void aServerThatSaysNothingIsNotWaitedForLonger() throws IOException {
        Path silent = directory.resolve("silent.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(silent));
            assertThatThrownBy(() -> NbdDisk.connect("nbd+unix:///x?socket=" + silent, SHORT))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void aServerThatGoesAwayIsNoticed() throws IOException {
        try (NbdDisk disk = NbdDisk.connect(export.uri(), PATIENCE)) {
            server.close();
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512))).isInstanceOf(IOException.class);
        }
    }

    @Test
    void closingDisconnects() throws IOException {
        NbdDisk.connect(export.uri(), PATIENCE).close();

        exports.withdraw(VDI);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "nbd://host/x", "nbd+unix:///x", "nbd+unix:///x?sock=/a", "nbd+unix:///x?socket= /a", "/a"})
    void aUriOfAnotherFormIsRefused(String uri) {
        assertThatThrownBy(() -> NbdDisk.connect(uri, PATIENCE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + uri + "\"");
    }

    @Test
    void theSocketsNameIsDecoded() {
        assertThat(NbdUri.parse(export.uri())).isEqualTo(new NbdUri(VDI.toString(), directory.resolve("a b+c&d.sock")));
    }
}
