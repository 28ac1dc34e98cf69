package io.catena.agent.api.auth;

import io.catena.agent.control.Caller;
import io.catena.agent.control.Role;
import io.catena.agent.tls.CertificateNames;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Tells who asks over TLS. In this order: a bearer token; the cookie of a browser that logged in; the certificate of the
 * client, if its name was given a role.
 *
 * <p>A request with a cookie that changes something must have the header {@value #OWN_PAGE}: no page of another site can
 * make a browser send it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Authenticator {
    public static final String COOKIE = "catena";
    public static final String OWN_PAGE = "X-Catena";

    private static final String BEARER = "Bearer ";

    private final Tokens tokens;
    private final Clients known;
    private final Map<String, Role> clients;
    private final Throttle throttle;

    /**
     * @param known what was said of those who have a certificate
     * @param clients the roles of more of them, by a name in it, in lower case
     */
    public Authenticator(Tokens tokens, Clients known, Map<String, Role> clients, LongSupplier nanoTime) {
        this.tokens = tokens;
        this.known = known;
        this.clients = Map.copyOf(clients);
        throttle = new Throttle(nanoTime);
    }

    /**
     * Returns who asks.
     *
     * @throws NotLetIn if that cannot be told
     */
    public Caller caller(Request request) throws NotLetIn, IOException {
        String address = Request.getRemoteAddr(request);
        String via = "tls " + address;
        String authorization = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (authorization != null) {
            return bearer(authorization, address, via);
        }
        Optional<Caller> session = session(request, address, via);
        if (session.isPresent()) {
            return session.get();
        }
        return certified(certifiedNames(request), via)
                .orElseThrow(
                        () -> new NotLetIn("The request says nothing of who sends it, expected a bearer token", 0));
    }

    /**
     * Returns what tells whether the caller of a request that was let in still would be: its token may be revoked or expire, its
     * session end, its certificate lose its role. To ask costs little.
     */
    public BooleanSupplier lasting(Request request) throws IOException {
        String authorization = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        String text = authorization == null ? cookie(request) : bearer(authorization);
        if (text != null) {
            Optional<Token> token = tokens.verify(text);
            return () -> token.isPresent() && tokens.isGood(token.get().id());
        }
        Set<String> names = certifiedNames(request);
        Optional<Caller> caller = certified(names, "");
        return () -> certified(names, "").equals(caller);
    }

    /** Returns a token for a session; tries are counted as for any other request. */
    public TokenView logIn(Request request, String text) throws NotLetIn {
        String address = Request.getRemoteAddr(request);
        refuseTooMany(address);
        return tokens.logIn(text).orElseThrow(() -> failure(address));
    }

    /** Ends the session of a browser. */
    public void logOut(Request request) {
        String text = cookie(request);
        if (text != null) {
            tokens.verify(text).ifPresent(token -> tokens.revoke(token.id()));
        }
    }

    private Caller bearer(String authorization, String address, String via) throws NotLetIn {
        refuseTooMany(address);
        if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw failure(address);
        }
        Token token = tokens.verify(bearer(authorization)).orElseThrow(() -> failure(address));
        return caller(token, via);
    }

    private static String bearer(String authorization) {
        return authorization.substring(BEARER.length()).strip();
    }

    private Optional<Caller> session(Request request, String address, String via) throws NotLetIn {
        String text = cookie(request);
        if (text == null) {
            return Optional.empty();
        }
        refuseTooMany(address);
        Optional<Token> token = tokens.verify(text);
        if (token.isEmpty()) {
            // A session that has ended is no attack.
            throw new NotLetIn("The session has ended; log in again", 0);
        }
        boolean safe = Set.of("GET", "HEAD").contains(request.getMethod());
        if (!safe && request.getHeaders().get(OWN_PAGE) == null) {
            throw new NotLetIn("A request with a cookie that changes something needs the header " + OWN_PAGE, 0);
        }
        return Optional.of(caller(token.get(), via));
    }

    private static Caller caller(Token token, String via) {
        String id = token.parent() == null ? token.id() : token.parent();
        return new Caller("token " + id, token.role(), via, Set.copyOf(token.srs()));
    }

    /** Returns the names in the certificate of the client; none if it showed none. */
    private static Set<String> certifiedNames(Request request) throws IOException {
        Object tls = request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE);
        if (!(tls instanceof EndPoint.SslSessionData session)) {
            return Set.of();
        }
        X509Certificate[] chain = session.peerCertificates();
        return chain == null || chain.length == 0 ? Set.of() : CertificateNames.of(chain[0]);
    }

    private Optional<Caller> certified(Set<String> names, String via) {
        for (String name : names) {
            Role role = clients.get(name);
            if (role != null) {
                return Optional.of(new Caller("certificate " + name, role, via));
            }
        }
        for (Client client : known.of(names)) {
            Role role = client.role();
            if (role != null) {
                return Optional.of(new Caller("certificate " + client.client(), role, via, Set.copyOf(client.srs())));
            }
        }
        return Optional.empty();
    }

    private static @Nullable String cookie(Request request) {
        List<HttpCookie> cookies = Request.getCookies(request);
        return cookies.stream()
                .filter(cookie -> cookie.getName().equals(COOKIE))
                .map(HttpCookie::getValue)
                .findFirst()
                .orElse(null);
    }

    private void refuseTooMany(String address) throws NotLetIn {
        long seconds = throttle.secondsToWait(address);
        if (seconds > 0) {
            throw new NotLetIn("Too many wrong tokens came from " + address, seconds);
        }
    }

    private NotLetIn failure(String address) {
        throttle.failed(address);
        return new NotLetIn("The token is not known, or it has expired", 0);
    }
}
