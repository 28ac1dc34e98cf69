package io.catena.agent.copy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * The agent of another host.
 *
 * @param token lets this agent in there; null if its certificate does
 */
record OtherAgent(URI url, SSLContext tls, @Nullable String token) {
    private static final Duration CONNECTING = Duration.ofSeconds(10);
    private static final int USUAL_PORT = 443;

    /** What may stand in a header without ending it. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/=-]+");

    OtherAgent {
        if (token != null && !TOKEN.matcher(token).matches()) {
            throw new SrException(SrError.BAD_REQUEST, "The token has characters that no token has")
                    .correction("Give the token alone, as it was told when it was made.");
        }
    }

    /**
     * Returns where an agent is.
     *
     * @throws SrException if that is no place
     */
    static URI place(String text) {
        try {
            URI url = new URI(text);
            if ("https".equals(url.getScheme()) && url.getHost() != null && isBare(url)) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below, as any other text that is none.
        }
        throw new SrException(SrError.BAD_REQUEST, "\"" + text + "\" is no address of an agent's API")
                .correction("Give it as https://HOST:PORT");
    }

    private static boolean isBare(URI url) {
        return url.getUserInfo() == null
                && url.getQuery() == null
                && url.getFragment() == null
                && (url.getPath().isEmpty() || url.getPath().equals("/"));
    }

    String hostAndPort() {
        return url.getPort() < 0 ? url.getHost() : url.getHost() + ":" + url.getPort();
    }

    String host() {
        return url.getHost().replaceAll("[\\[\\]]", "");
    }

    /** Connects, and makes sure that the other is who it should be. */
    SSLSocket connect() throws IOException {
        Socket plain = new Socket();
        try {
            int port = url.getPort() < 0 ? USUAL_PORT : url.getPort();
            String host = host();
            plain.connect(new InetSocketAddress(host, port), (int) CONNECTING.toMillis());
            plain.setSoTimeout((int) CONNECTING.toMillis());
            SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, host, port, true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            socket.setSoTimeout(0);
            return socket;
        } catch (IOException | RuntimeException e) {
            plain.close();
            throw e;
        }
    }
}
