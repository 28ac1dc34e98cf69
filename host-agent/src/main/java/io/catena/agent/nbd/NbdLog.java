package io.catena.agent.nbd;

import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.agent.nbd.wire.NbdProtocolException;
import io.catena.log.LogLine;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Writes what happens to clients to the log, one line of key=value pairs per event. */
final class NbdLog {
    private static final Logger LOG = System.getLogger("io.catena.agent.nbd");

    private NbdLog() {}

    /** A request was answered with an error that is not the client's fault. */
    static void requestFailed(NbdExport export, Request request, NbdErrno answer, Throwable cause) {
        String event = LogLine.of(
                "nbd-request-failed",
                "export",
                export.name(),
                "command",
                request.command(),
                "offset",
                request.offset(),
                "length",
                request.lengthBytes(),
                "answer",
                answer,
                "cause",
                cause);
        // A defect of ours needs its stack trace, a failing disk does not.
        if (cause instanceof RuntimeException || cause instanceof Error) {
            LOG.log(Level.ERROR, event, cause);
        } else {
            LOG.log(Level.ERROR, event);
        }
    }

    static void connectionOpened(String connection, NbdExport export) {
        LOG.log(
                Level.DEBUG,
                () -> LogLine.of(
                        "nbd-connection-opened",
                        "connection",
                        connection,
                        "export",
                        export.name(),
                        "mode",
                        export.mode().symbol()));
    }

    /** A connection ended because the client left, in whatever way, or was cut off. */
    static void connectionEnded(String connection, Exception cause) {
        LOG.log(Level.DEBUG, () -> LogLine.of("nbd-connection-ended", "connection", connection, "cause", cause));
    }

    static void protocolViolated(String connection, NbdProtocolException cause) {
        LOG.log(Level.WARNING, () -> LogLine.of("nbd-protocol-violated", "connection", connection, "cause", cause));
    }

    /** A client was not trusted, or did not trust us. */
    static void tlsFailed(String connection, Exception cause) {
        LOG.log(Level.WARNING, () -> LogLine.of("nbd-tls-failed", "connection", connection, "cause", cause));
    }

    static void connectionStalled(String connection) {
        LOG.log(Level.WARNING, () -> LogLine.of("nbd-connection-stalled", "connection", connection));
    }

    static void rightLost(String connection, NbdExport export) {
        LOG.log(Level.WARNING, () -> LogLine.of("nbd-right-lost", "connection", connection, "export", export.name()));
    }

    static void rightsUnknown(RuntimeException cause) {
        LOG.log(Level.ERROR, LogLine.of("nbd-rights-unknown", "cause", cause), cause);
    }

    static void connectionFailed(String connection, Throwable cause) {
        LOG.log(Level.ERROR, LogLine.of("nbd-connection-failed", "connection", connection, "cause", cause), cause);
    }

    static void connectionRefused(String why) {
        LOG.log(Level.WARNING, () -> LogLine.of("nbd-connection-refused", "cause", why));
    }

    /** One that had not chosen an export has to go for one that has just come. */
    static void connectionCrowdedOut(String connection) {
        LOG.log(Level.DEBUG, () -> LogLine.of("nbd-connection-crowded-out", "connection", connection));
    }

    static void acceptFailed(Exception cause) {
        LOG.log(Level.ERROR, () -> LogLine.of("nbd-accept-failed", "cause", cause));
    }
}
