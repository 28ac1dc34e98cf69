package io.catena.harness.smapiv1;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * XAPI at its Unix socket, as far as a driver sees it: HTTP, XML-RPC, a session, a database, plugins. Keeps a log, and fails as told.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Plugins run without any lock: they may call back.
 */
public final class StubXapi implements Closeable {
    public static final String SESSION = "OpaqueRef:session1";

    /** Of who logs in himself. What is made to fail does not fail for him. */
    private static final String OWN_SESSION = "OpaqueRef:session2";

    private static final List<String> OK_CODES = List.of("Success", "Failure");

    private final Path socket;
    private final StubDatabase database = new StubDatabase();
    private final Map<String, Function<Map<String, String>, String>> plugins = new ConcurrentHashMap<>();
    private final List<Call> log = new ArrayList<>();
    private final List<Failure> failures = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "stub-xapi");
        thread.setDaemon(true);
        return thread;
    });
    private volatile ServerSocketChannel server;

    /** A call that came in, without its session. */
    public record Call(String method, List<XmlRpcValue> arguments) {
        /** Whether it changes the database. */
        public boolean writes() {
            String verb = method.substring(method.indexOf('.') + 1);
            return verb.startsWith("set_")
                    || verb.startsWith("add_to_")
                    || verb.startsWith("remove_from_")
                    || verb.startsWith("db_")
                    || verb.equals("forget");
        }
    }

    /** How a call is made to fail. */
    public enum How {
        /** HTTP 500, and nothing is done. */
        SERVER_ERROR,
        /** It is done, and the connection ends without an answer. */
        DONE_UNANSWERED,
        /** The connection ends, and nothing is done. */
        UNANSWERED,
        /** XAPI says that what is meant is not there. */
        HANDLE_INVALID,
        /** XAPI says that the key is there. */
        MAP_DUPLICATE_KEY
    }

    private record Failure(Predicate<Call> calls, How how) {}

    private StubXapi(Path socket, ServerSocketChannel server) {
        this.socket = socket;
        this.server = server;
    }

    /** Serves from now on. */
    public static StubXapi start(Path socket) throws IOException {
        StubXapi stub = new StubXapi(socket, listen(socket));
        stub.acceptAll(stub.server);
        return stub;
    }

    private static ServerSocketChannel listen(Path socket) throws IOException {
        Files.deleteIfExists(socket);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket), 256);
        return server;
    }

    public Path socket() {
        return socket;
    }

    public StubDatabase database() {
        return database;
    }

    /** Makes a plugin's function known: {@code NAME.FUNCTION}. */
    public void plugin(String name, Function<Map<String, String>, String> function) {
        plugins.put(name, function);
    }

    /** Lets the next call that {@code calls} accepts fail. */
    public synchronized void failNext(How how, Predicate<Call> calls) {
        failures.add(new Failure(calls, how));
    }

    /** Lets nothing fail any more. */
    public synchronized void failNothing() {
        failures.clear();
    }

    /** Whether a failure that was asked for has not come up. */
    public synchronized boolean failuresLeft() {
        return !failures.isEmpty();
    }

    /** Returns the calls since the last time, and forgets them. */
    public synchronized List<Call> takeLog() {
        List<Call> taken = List.copyOf(log);
        log.clear();
        return taken;
    }

    /** Ends the service as a killed process would; its database stays. */
    public void kill() throws IOException {
        server.close();
    }

    /** Serves again. */
    public void restart() throws IOException {
        server = listen(socket);
        acceptAll(server);
    }

    private void acceptAll(ServerSocketChannel listening) {
        threads.execute(() -> {
            while (listening.isOpen()) {
                try {
                    SocketChannel client = listening.accept();
                    threads.execute(() -> serve(client));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private void serve(SocketChannel client) {
        try (client) {
            Request request = read(client);
            Call call = request.call();
            How how = failure(request);
            if (how == How.SERVER_ERROR) {
                write(client, "500 Internal Server Error", "");
            } else if (how != How.UNANSWERED) {
                String answer = answer(call, how);
                if (how != How.DONE_UNANSWERED) {
                    write(client, "200 OK", answer);
                }
            }
        } catch (IOException e) {
            // The client has gone.
        }
    }

    private synchronized @Nullable How failure(Request request) {
        Call call = request.call();
        if (!request.session().equals(SESSION)) {
            return null;
        }
        log.add(call);
        for (Failure failure : failures) {
            if (failure.calls().test(call)) {
                failures.remove(failure);
                return failure.how();
            }
        }
        return null;
    }

    private String answer(Call call, @Nullable How how) {
        try {
            if (how == How.HANDLE_INVALID || how == How.MAP_DUPLICATE_KEY) {
                throw new StubDatabase.Refused(how.name(), call.method());
            }
            return status(OK_CODES.get(0), "Value", run(call));
        } catch (StubDatabase.Refused e) {
            return status(OK_CODES.get(1), "ErrorDescription", XmlRpcValue.of(e.description()));
        } catch (RuntimeException e) {
            List<String> description = List.of("INTERNAL_ERROR", e.toString());
            return status(OK_CODES.get(1), "ErrorDescription", XmlRpcValue.of(description));
        }
    }

    private static String status(String status, String member, XmlRpcValue value) {
        return XmlRpcAnswer.of(new XmlRpcValue.Struct(Map.of("Status", XmlRpcValue.of(status), member, value)))
                .text();
    }

    private XmlRpcValue run(Call call) {
        if (call.method().equals("host.call_plugin")) {
            String name = call.arguments().get(1).asText() + "."
                    + call.arguments().get(2).asText();
            Function<Map<String, String>, String> plugin = plugins.get(name);
            if (plugin == null) {
                throw new StubDatabase.Refused("XENAPI_MISSING_PLUGIN", name);
            }
            return XmlRpcValue.of(plugin.apply(call.arguments().get(3).asTextMap()));
        }
        if (call.method().startsWith("session.")) {
            return XmlRpcValue.of(OWN_SESSION);
        }
        String[] parts = call.method().split("\\.", 2);
        return database.call(parts[0], parts[1], call.arguments());
    }

    private record Request(String session, Call call) {}

    private static Request read(SocketChannel client) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int headEnd = -1;
        int length = 0;
        ByteBuffer in = ByteBuffer.allocate(64 << 10);
        while (headEnd < 0 || bytes.size() < headEnd + 4 + length) {
            if (client.read(in.clear()) < 0) {
                throw new EOFException("half a request");
            }
            bytes.write(in.array(), 0, in.position());
            String text = bytes.toString(StandardCharsets.ISO_8859_1);
            headEnd = text.indexOf("\r\n\r\n");
            length = headEnd < 0 ? 0 : contentLength(text.substring(0, headEnd));
        }
        byte[] all = bytes.toByteArray();
        byte[] body = Arrays.copyOfRange(all, headEnd + 4, headEnd + 4 + length);
        XmlRpcCall call = XmlRpcCall.read(body);
        if (call.method().equals("session.login_with_password")) {
            return new Request("", new Call(call.method(), call.params()));
        }
        String session = call.params().get(0).asText();
        if (!List.of(SESSION, OWN_SESSION).contains(session)) {
            throw new IOException("a call without the session");
        }
        return new Request(
                session,
                new Call(call.method(), call.params().subList(1, call.params().size())));
    }

    private static int contentLength(String head) throws IOException {
        for (String line : head.lines().toList()) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                return Integer.parseInt(line.substring(15).strip());
            }
        }
        throw new IOException("a request without a length");
    }

    private static void write(SocketChannel client, String status, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + "\r\nContent-Type: text/xml\r\nContent-Length: " + content.length
                + "\r\nConnection: keep-alive\r\n\r\n";
        OutputStream out = Channels.newOutputStream(client);
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(content);
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
        Files.deleteIfExists(socket);
    }
}
