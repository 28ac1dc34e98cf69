package io.catena.agent.control.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ContentUploadTest {
    private static final String REFUSAL =
            "{\"error\":{\"code\":\"BAD_REQUEST\",\"number\":1,\"message\":\"no such format\",\"retryable\":false}}";

    @TempDir
    private Path directory;

    /** The last of them fits into the socket, so that nothing fails but what is read behind the answer. */
    @ParameterizedTest
    @ValueSource(ints = {8 << 20, 1 << 20, 16 << 10})
    void whoRefusesAndHangsUpBeforeItHasReadAllIsHeard(int lengthBytes) throws Exception {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            CompletableFuture<Void> server = CompletableFuture.runAsync(() -> refuse(listener, answer(REFUSAL)));
            assertThatThrownBy(() -> send(socket, lengthBytes))
                    .isInstanceOfSatisfying(
                            SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST))
                    .hasMessageContaining("no such format");
            server.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void halfAnAnswerIsALostConnection() throws Exception {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            String half = answer(REFUSAL).substring(0, 80);
            CompletableFuture<Void> server = CompletableFuture.runAsync(() -> refuse(listener, half));
            assertThatThrownBy(() -> send(socket, 1 << 20)).isInstanceOf(LostConnectionException.class);
            server.get(20, TimeUnit.SECONDS);
        }
    }

    private static void send(Path socket, int lengthBytes) throws IOException {
        ReadableByteChannel source = Channels.newChannel(new ByteArrayInputStream(new byte[lengthBytes]));
        new ContentUpload(socket)
                .send("/v1/srs/sr/vdis/x/content", new ContentUpload.Part(source, 0, lengthBytes), (done, of) -> {});
    }

    private static String answer(String body) {
        return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    /** Answers when the first bytes of content are there, and leaves the rest where it is. */
    private static void refuse(ServerSocketChannel listener, String answer) {
        try (SocketChannel channel = listener.accept()) {
            ByteBuffer some = ByteBuffer.allocate(1024);
            while (some.hasRemaining()) {
                if (channel.read(some) < 0) {
                    return;
                }
            }
            channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
