package io.catena.agent.api;

import io.catena.agent.api.auth.AuditLog;
import io.catena.agent.api.auth.Authenticator;
import io.catena.agent.api.auth.NotLetIn;
import io.catena.agent.api.door.Door;
import io.catena.agent.api.problem.ApiException;
import io.catena.agent.api.problem.Problem;
import io.catena.agent.api.problem.Reply;
import io.catena.agent.api.replay.Replays;
import io.catena.agent.control.Caller;
import io.catena.agent.control.RouteTable;
import io.catena.agent.control.Streamed;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * Takes a request from the wire to its route. In this order: what is open to everybody, who asks, which route, whether that
 * caller may, the body, then {@link Answers}. Every request ends here, in an answer and, if it may change something, in a line
 * of the audit log.
 */
final class ApiHandler extends Handler.Abstract {
    static final int MOST_BODY_BYTES = 1 << 20;

    private static final Logger LOG = Logger.getLogger(ApiHandler.class.getName());
    private static final int MOST_ID_CHARACTERS = 64;

    private final OpenPaths open;
    private final Authenticator authenticator;
    private final Function<Caller, RouteTable> tables;
    private final Answers answers;
    private final Door door;
    private final AuditLog audit;
    private final Measures measures;
    private final Clock clock;

    /** Counts what the API does. */
    @FunctionalInterface
    interface Measures {
        void request(String operation, int status, long nanos);
    }

    /**
     * @param tables the routes that there are for a caller
     */
    ApiHandler(
            OpenPaths open,
            Authenticator authenticator,
            Function<Caller, RouteTable> tables,
            Answers answers,
            Door door,
            AuditLog audit,
            Measures measures,
            Clock clock) {
        this.open = open;
        this.authenticator = authenticator;
        this.tables = tables;
        this.answers = answers;
        this.door = door;
        this.audit = audit;
        this.measures = measures;
        this.clock = clock;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // A request that is worked on is not idle; a body that does not come, or an answer that is not taken, still
        // times out.
        request.addIdleTimeoutListener(timeout -> false);
        Exchange exchange = new Exchange(request, response, callback, id(request), System.nanoTime());
        try {
            if (OpenPaths.isLogin(exchange)) {
                readBody(exchange, OpenPaths.MOST_LOGIN_BYTES, body -> logIn(exchange, body));
                return true;
            }
            Optional<Reply> reply = open.reply(exchange);
            if (reply.isPresent()) {
                door.asked(request);
                send(exchange, reply.get());
            } else {
                route(exchange);
            }
        } catch (NotLetIn e) {
            send(exchange, notLetIn(e, exchange.id()));
        } catch (IOException | RuntimeException | StackOverflowError e) {
            fail(exchange, e);
        }
        return true;
    }

    /** The caller's own id is kept, so that it finds in our log what it did. */
    private static String id(Request request) {
        String wanted = request.getHeaders().get("X-Request-Id");
        boolean plain = wanted != null
                && !wanted.isEmpty()
                && wanted.length() <= MOST_ID_CHARACTERS
                && wanted.chars().allMatch(c -> c > ' ' && c < 127 && c != '"' && c != '\\');
        return plain ? wanted : UUID.randomUUID().toString();
    }

    private void route(Exchange exchange) throws NotLetIn, IOException {
        Caller caller = authenticator.caller(exchange.request());
        exchange.asks(caller);
        RouteTable table = tables.apply(caller);
        RouteTable.Match match = find(exchange, table);
        exchange.found(match);
        if (!caller.role().includes(match.route().role())) {
            throw ApiException.forbidden("The role of " + caller.name() + " is "
                    + caller.role().text() + "; \"" + match.route().operationId() + "\" needs "
                    + match.route().role().text());
        }
        if (match.route().takesUpload()) {
            answer(exchange, table, new byte[0]);
            return;
        }
        readBody(exchange, MOST_BODY_BYTES, body -> answer(exchange, table, body));
    }

    /** Waits for the body without a thread: who sends it slowly, or not at all, must not keep others out. */
    private void readBody(Exchange exchange, int mostBytes, Consumer<byte[]> then) {
        if (exchange.request().getLength() > mostBytes) {
            throw tooLarge(mostBytes);
        }
        Content.Source.asByteArrayAsync(
                exchange.request(),
                mostBytes,
                Promise.Invocable.from(
                        Invocable.InvocationType.BLOCKING,
                        then,
                        failure -> fail(exchange, broken(failure, mostBytes))));
    }

    private void logIn(Exchange exchange, byte[] body) {
        try {
            send(exchange, open.logIn(exchange, body));
        } catch (NotLetIn e) {
            send(exchange, notLetIn(e, exchange.id()));
        } catch (RuntimeException | StackOverflowError e) {
            fail(exchange, e);
        }
    }

    private static RouteTable.Match find(Exchange exchange, RouteTable table) {
        String method = exchange.method().equals("HEAD") ? "GET" : exchange.method();
        Optional<RouteTable.Match> match = table.find(method, exchange.path());
        if (match.isPresent()) {
            return match.get();
        }
        Set<String> methods = table.methods(exchange.path());
        if (methods.isEmpty()) {
            throw ApiException.missing("There is no " + exchange.path());
        }
        throw ApiException.notAllowed(exchange.path(), exchange.method(), methods);
    }

    private void answer(Exchange exchange, RouteTable table, byte[] body) {
        door.begins(exchange.request());
        try {
            answers.answer(exchange, table, body, new Answers.End() {
                @Override
                public void reply(Reply reply) {
                    send(exchange, reply);
                }

                @Override
                public void stream(Streamed streamed) {
                    ApiHandler.this.stream(exchange, streamed);
                }

                @Override
                public void failed(Throwable failure) {
                    fail(exchange, failure);
                }
            });
        } catch (RuntimeException | StackOverflowError e) {
            fail(exchange, e);
        }
    }

    private void stream(Exchange exchange, Streamed streamed) {
        BooleanSupplier stillMay;
        try {
            stillMay = authenticator.lasting(exchange.request());
        } catch (IOException e) {
            fail(exchange, e);
            return;
        }
        measures.request(exchange.operation(), 200, exchange.elapsedNanos());
        ApiHeaders.common(exchange.response(), exchange.id());
        Request.addCompletionListener(exchange.request(), failure -> door.ends(exchange.request()));
        streamed.send(exchange.response(), exchange.callback(), stillMay);
    }

    private static ApiException tooLarge(int mostBytes) {
        return new ApiException(413, "TOO_LARGE", "The request body has more than " + mostBytes + " bytes", null);
    }

    /** What the client is to be told of a body that did not come whole. */
    private static Throwable broken(Throwable failure, int mostBytes) {
        boolean large = failure instanceof HttpException http && http.getCode() == 413;
        return large || failure instanceof IllegalStateException ? tooLarge(mostBytes) : new IOException(failure);
    }

    private void fail(Exchange exchange, Throwable failure) {
        send(exchange, reply(exchange, failure));
    }

    private Reply reply(Exchange exchange, Throwable failure) {
        String id = exchange.id();
        if (failure instanceof SrException known) {
            return answers.gone(exchange, known).orElseGet(() -> Problem.of(known, id));
        }
        if (failure instanceof ApiException known) {
            return Problem.of(known, id);
        }
        if (failure instanceof Replays.Refusal refusal) {
            return Problem.of(Answers.refusal(refusal), id);
        }
        if (failure instanceof IOException) {
            return Problem.of(
                    new SrException(SrError.BAD_REQUEST, "The request broke off: " + failure.getMessage()), id);
        }
        LOG.log(Level.SEVERE, LogLine.of("request-failed", "request", id, "path", exchange.path()), failure);
        return Problem.of(
                new SrException(SrError.INTERNAL, "The agent failed: " + failure)
                        .correction("See the agent's log, and report it."),
                id);
    }

    private static Reply notLetIn(NotLetIn refusal, String id) {
        String message = String.valueOf(refusal.getMessage());
        if (refusal.secondsToWait() > 0) {
            return Problem.of(new ApiException(429, "TOO_MANY_REQUESTS", message, null, refusal.secondsToWait()), id);
        }
        return Problem.of(
                        new ApiException(
                                401, "UNAUTHENTICATED", message, "Make a token on the host: catena token create"),
                        id)
                .with("WWW-Authenticate", "Bearer realm=\"catena\"");
    }

    private void send(Exchange exchange, Reply reply) {
        door.ends(exchange.request());
        measures.request(exchange.operation(), reply.status(), exchange.elapsedNanos());
        if (!exchange.isSafe()) {
            audit.add(exchange.audit(reply, clock));
        }
        exchange.send(reply);
    }
}
