package io.catena.agent.smapi;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * An NBD URI in the form that XAPI takes apart by hand: {@code nbd:unix:SOCKET:exportname=NAME}, exactly four parts with
 * colons between.
 */
final class NbdColonForm {
    private static final String SOCKET = "socket=";
    private static final String UNIX = "nbd:unix:";
    private static final String EXPORT_NAME = ":exportname=";

    private NbdColonForm() {}

    /** Returns {@code nbd+unix:///NAME?socket=SOCKET} in that form. */
    static String of(String uri) {
        URI parsed = URI.create(uri);
        String query = String.valueOf(parsed.getRawQuery());
        if (!"nbd+unix".equals(parsed.getScheme()) || !query.startsWith(SOCKET)) {
            throw new IllegalArgumentException("The export is at " + uri + ", expected nbd+unix:///NAME?socket=PATH");
        }
        String socket = URLDecoder.decode(query.substring(SOCKET.length()).replace("+", "%2B"), StandardCharsets.UTF_8);
        if (socket.contains(":")) {
            throw new IllegalArgumentException(
                    "The socket " + socket + " has a colon, which XAPI would take for an end");
        }
        return UNIX + socket + EXPORT_NAME + parsed.getPath().substring(1);
    }

    /** Returns the URI of what is in that form; all else as it is. */
    static String toUri(String text) {
        int name = text.lastIndexOf(EXPORT_NAME);
        if (!text.startsWith(UNIX) || name < UNIX.length()) {
            return text;
        }
        return "nbd+unix:///" + encoded(text.substring(name + EXPORT_NAME.length())) + "?" + SOCKET
                + encoded(text.substring(UNIX.length(), name));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
