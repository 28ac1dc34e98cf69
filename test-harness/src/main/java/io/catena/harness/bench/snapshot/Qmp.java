package io.catena.harness.bench.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A connection to qemu's monitor. */
final class Qmp implements Closeable {
    private final SocketChannel channel;
    private final BufferedReader answers;

    Qmp(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        answers = new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), UTF_8));
        answers.readLine();
        execute("{\"execute\":\"qmp_capabilities\"}");
    }

    /**
     * Runs a command and waits for its end.
     *
     * @throws IOException if it fails; the message holds the answer
     */
    void execute(String command) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((command + "\n").getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        while (true) {
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("qemu closed its monitor after " + command);
            }
            JsonObject answer = JsonParser.parseString(line).getAsJsonObject();
            if (answer.has("error")) {
                throw new IOException(command + ": " + line);
            }
            if (answer.has("return")) {
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
