package io.catena.agent.nbd.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Where an export is served: a URI of the form {@code nbd+unix:///EXPORT?socket=PATH}, as <a
 * href="https://github.com/NetworkBlockDevice/nbd/blob/master/doc/uri.md">uri.md</a> describes it.
 */
public record NbdUri(String exportName, Path socket) {
    private static final String SOCKET = "socket=";

    /**
     * Reads a URI.
     *
     * @throws IllegalArgumentException if {@code text} has another form
     */
    public static NbdUri parse(String text) {
        try {
            URI uri = new URI(text);
            String path = uri.getPath();
            String query = uri.getRawQuery();
            if ("nbd+unix".equals(uri.getScheme()) && path != null && path.startsWith("/") && query != null) {
                return new NbdUri(path.substring(1), Path.of(decoded(socket(text, query))));
            }
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("\"" + text + "\" is no URI: " + e.getMessage(), e);
        }
        throw unexpected(text);
    }

    private static String socket(String text, String query) {
        for (String parameter : query.split("&", -1)) {
            if (parameter.startsWith(SOCKET)) {
                return parameter.substring(SOCKET.length());
            }
        }
        throw unexpected(text);
    }

    /** In URIs, other than in forms, a plus is a plus. */
    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static IllegalArgumentException unexpected(String text) {
        return new IllegalArgumentException("\"" + text + "\" is not of the form nbd+unix:///EXPORT?socket=PATH");
    }
}
