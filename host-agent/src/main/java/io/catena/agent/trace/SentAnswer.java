package io.catena.agent.trace;

/**
 * An answer as it was sent, or a part of one that has no end.
 *
 * @param face over which it went, {@value #UNIX} or {@value #TLS}
 * @param path as it was asked for, without its query
 * @param contentType empty if there is none
 * @param body empty if it is no text of ours, such as the content of a disk
 * @param whole whether {@code body} is all of it
 */
public record SentAnswer(
        String face, String method, String path, int status, String contentType, String body, boolean whole) {
    public static final String UNIX = "unix";
    public static final String TLS = "tls";
}
