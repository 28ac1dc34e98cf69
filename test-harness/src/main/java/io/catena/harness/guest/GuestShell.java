package io.catena.harness.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;

/**
 * A shell in a guest: scripts go in, output and exit codes come out, one after another; see {@code guest-init}. For one
 * test thread.
 */
public final class GuestShell implements AutoCloseable {
    private final SocketChannel channel;
    private final Selector selector;

    /**
     * What a script did.
     *
     * @param output both of its outputs, without the last line end
     */
    public record Result(int code, String output) {}

    private GuestShell(SocketChannel channel, Selector selector) {
        this.channel = channel;
        this.selector = selector;
    }

    static GuestShell connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        Selector selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
        return new GuestShell(channel, selector);
    }

    /**
     * Runs a script and returns what it did. A guest that still boots runs it afterwards.
     *
     * @throws IOException if there is no answer in time; the shell is of no use then
     */
    public Result tryRun(String script, Duration deadline) throws IOException {
        byte[] line = (Base64.getEncoder().encodeToString(script.getBytes(UTF_8)) + "\n").getBytes(UTF_8);
        channel.write(ByteBuffer.wrap(line));
        String answer = readLine(script, deadline);
        String[] codeAndOutput = answer.split(" ", 2);
        byte[] output = Base64.getDecoder().decode(codeAndOutput[1]);
        return new Result(Integer.parseInt(codeAndOutput[0]), new String(output, UTF_8));
    }

    private String readLine(String script, Duration deadline) throws IOException {
        long end = System.nanoTime() + deadline.toNanos();
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        ByteBuffer in = ByteBuffer.allocate(4096);
        while (true) {
            long millis = Duration.ofNanos(end - System.nanoTime()).toMillis();
            if (millis <= 0 || selector.select(millis) == 0) {
                throw new SocketTimeoutException(
                        "the guest has not run this in " + deadline.toSeconds() + " s: " + script);
            }
            selector.selectedKeys().clear();
            if (channel.read(in.clear()) < 0) {
                throw new EOFException("the guest ended while it ran: " + script);
            }
            line.write(in.array(), 0, in.position());
            if (in.position() > 0 && in.get(in.position() - 1) == '\n') {
                return line.toString(UTF_8).substring(0, line.size() - 1);
            }
        }
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}
