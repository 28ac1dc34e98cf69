package io.catena.agent.api;

import io.catena.agent.api.auth.Authenticator;
import io.catena.agent.api.auth.NotLetIn;
import io.catena.agent.api.auth.TokenView;
import io.catena.agent.api.problem.ApiException;
import io.catena.agent.api.problem.Problem;
import io.catena.agent.api.problem.Reply;
import io.catena.agent.control.Body;
import io.catena.agent.log.Version;
import io.catena.agent.web.WebPage;
import io.catena.api.SrError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * What is open to everybody: whether the agent lives, what its API is, the page with its login, and what errors mean. None of
 * it tells anything of what is stored here.
 */
final class OpenPaths {
    static final int MOST_LOGIN_BYTES = 4096;
    private static final String COOKIE_OPTIONS = "; Path=/; Max-Age=28800; HttpOnly; Secure; SameSite=Strict";

    private final Authenticator authenticator;
    private final WebPage page;
    private final OpenApi openApi;

    OpenPaths(Authenticator authenticator, WebPage page, OpenApi openApi) {
        this.authenticator = authenticator;
        this.page = page;
        this.openApi = openApi;
    }

    /** Returns the answer; nothing if the path is none of these. */
    Optional<Reply> reply(Exchange exchange) throws NotLetIn, IOException {
        String path = exchange.path();
        if (path.equals("/v1/session")) {
            return session(exchange);
        }
        if (!exchange.isSafe()) {
            return Optional.empty();
        }
        return switch (path) {
            case "/healthz", "/readyz" -> Optional.of(Reply.json(200, Map.of("status", "ok", "version", Version.TEXT)));
            case "/v1/openapi.yaml" -> Optional.of(Reply.text("application/yaml", openApi.yaml()));
            default -> path.startsWith(Problem.TYPES) ? problem(path) : file(exchange);
        };
    }

    private Optional<Reply> file(Exchange exchange) {
        return page.file(exchange.path()).map(file -> {
            if (Revisions.isSame(exchange.header("If-None-Match"), file.tag())) {
                return Reply.empty(304).with("ETag", file.tag()).with("Cache-Control", "no-cache");
            }
            return Reply.text(file.contentType(), file.text())
                    .with("ETag", file.tag())
                    .with("Cache-Control", "no-cache");
        });
    }

    private static Optional<Reply> problem(String path) {
        String code = path.substring(Problem.TYPES.length());
        for (SrError error : SrError.values()) {
            if (error.name().equals(code)) {
                String retry =
                        error.retryable() ? "The same request may succeed later." : "Trying again does not help.";
                return Optional.of(Reply.text(
                        "text/plain; charset=utf-8",
                        code + " (" + error.number() + "): " + error.text() + ".\n" + retry + "\n"));
            }
        }
        return Optional.empty();
    }

    /** Whether {@link #logIn} is asked for. */
    static boolean isLogin(Exchange exchange) {
        return exchange.path().equals("/v1/session") && exchange.method().equals("POST");
    }

    /** DELETE logs out. GET, which tells who one is, is a route as any other. */
    private Optional<Reply> session(Exchange exchange) throws NotLetIn, IOException {
        return switch (exchange.method()) {
            case "DELETE" -> Optional.of(logOut(exchange));
            case "GET" -> nobody(exchange);
            default -> Optional.empty();
        };
    }

    /** A page that asks whether somebody is logged in gets no failure if nobody is. */
    private Optional<Reply> nobody(Exchange exchange) throws IOException {
        if (exchange.header("Authorization") != null) {
            return Optional.empty();
        }
        try {
            authenticator.caller(exchange.request());
            return Optional.empty();
        } catch (NotLetIn e) {
            return Optional.of(Reply.empty(204));
        }
    }

    /** {"token"} logs in. */
    Reply logIn(Exchange exchange, byte[] bytes) throws NotLetIn {
        Body body = new Body(new String(bytes, StandardCharsets.UTF_8));
        String token = body.string("token").strip();
        body.nothingElse();
        TokenView session = authenticator.logIn(exchange.request(), token);
        return Reply.json(200, Map.of("name", "token " + session.name(), "role", session.role()))
                .with("Set-Cookie", Authenticator.COOKIE + "=" + session.token() + COOKIE_OPTIONS);
    }

    private Reply logOut(Exchange exchange) {
        if (exchange.header(Authenticator.OWN_PAGE) == null) {
            throw ApiException.forbidden("To log out needs the header " + Authenticator.OWN_PAGE);
        }
        authenticator.logOut(exchange.request());
        return Reply.empty(204).with("Set-Cookie", Authenticator.COOKIE + "=; Path=/; Max-Age=0; HttpOnly; Secure");
    }
}
