package io.catena.agent.smapi;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/**
 * An NBD URI in the form that XAPI takes apart by hand: {@code nbd:unix:SOCKET:exportname=NAME}, exactly four parts with
 * colons between.
 */
final class NbdColonForm {
    private static final String SOCKET = "socket=";

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
        return "nbd:unix:" + socket + ":exportname=" + parsed.getPath().substring(1);
    }
}
