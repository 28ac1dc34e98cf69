package io.catena.agent.copy;

import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends a content to another agent, which makes a disk of it.
 *
 * <ol>
 *   <li>Ask whether there is a disk of that id.
 *   <li>The other agent takes the content in under a temporary name. What breaks off before it has all leaves nothing there, and
 *       all is sent again.
 *   <li>It publishes the disk, and answers. If the answer is lost, sending again is refused since there is such a disk: then it
 *       is ours, since there was none before.
 * </ol>
 *
 * <p><b>Threads.</b> For use by one thread.
 */
final class Sending {
    private static final int MOST_TRIES = 12;
    private static final int NOT_FOUND = 404;
    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final OtherAgent agent;
    private final String path;
    private final JobControl control;
    private final Pace pace;

    private final VdiId copy;

    /** Whether it is known that there was no such disk before. */
    private boolean isNew;

    /** Whether all of the content went out and no answer came, so that there may be a disk. */
    private boolean mayBeMade;

    /**
     * @param path where to, with the query
     * @param copy the id of the disk there
     */
    Sending(OtherAgent agent, String path, VdiId copy, JobControl control, Pace pace) {
        this.agent = agent;
        this.copy = copy;
        this.path = path;
        this.control = control;
        this.pace = pace;
    }

    /** Sends until it has arrived, or cannot. */
    void send(VdiStream stream) throws IOException {
        long waitNanos = FIRST_WAIT_NANOS;
        for (int tries = 1; ; tries++) {
            try {
                sendOnce(stream);
                return;
            } catch (SrException e) {
                if (mayBeMade && e.error() == SrError.VDI_EXISTS) {
                    return;
                }
                if (e.error() != SrError.TRY_AGAIN || tries == MOST_TRIES) {
                    throw e;
                }
                control.phase("waiting, for the other agent is busy");
            } catch (ConnectionLostException e) {
                if (tries == MOST_TRIES) {
                    throw e;
                }
                control.phase("waiting to send all again, try " + (tries + 1) + ": " + e.getMessage());
            }
            control.rest(waitNanos);
            control.checkCancelled();
            waitNanos = Math.min(2 * waitNanos, LONGEST_WAIT_NANOS);
        }
    }

    private void sendOnce(VdiStream stream) throws IOException {
        control.checkCancelled();
        control.phase("connecting");
        requireNew();
        try (Connection connection = connect()) {
            control.phase("sending");
            control.addTotal(stream.lengthBytes());
            ConnectionLostException broken = sendAll(stream, connection);
            control.checkCancelled();
            requireAccepted(connection, broken);
        }
    }

    /** Asks once: later it may be there because of us. */
    private void requireNew() throws IOException {
        if (isNew) {
            return;
        }
        try (Connection connection = connect()) {
            byte[] head = (start("GET /v1/vdis/" + copy) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            connection.send(head, head.length);
            Reply reply = connection.reply();
            if (reply.isSuccess()) {
                throw new SrException(
                                SrError.VDI_EXISTS, "The agent at " + agent.url() + " has a VDI " + copy + " already")
                        .correction("Choose another id, or leave it out.");
            }
            if (reply.status() != NOT_FOUND) {
                throw reply.refusal(agent);
            }
        }
        isNew = true;
    }

    private Connection connect() throws IOException {
        try {
            return new Connection(agent.connect(), control, pace);
        } catch (IOException e) {
            throw new ConnectionLostException("cannot reach " + agent.url() + ": " + e.getMessage(), e);
        }
    }

    /** Who refuses hangs up before all was sent, and has told why: what that breaks is returned, not thrown. */
    private @Nullable ConnectionLostException sendAll(VdiStream stream, Connection connection) throws IOException {
        try {
            byte[] head = head(stream.lengthBytes()).getBytes(StandardCharsets.US_ASCII);
            connection.send(head, head.length);
            stream.writeTo(connection, 0);
        } catch (ConnectionLostException e) {
            return e;
        }
        control.phase("waiting until it is durable there");
        return null;
    }

    /**
     * @param broken null if all was sent
     */
    private void requireAccepted(Connection connection, @Nullable ConnectionLostException broken) throws IOException {
        Reply reply;
        try {
            reply = connection.reply();
        } catch (ConnectionLostException e) {
            mayBeMade |= broken == null;
            throw broken == null ? e : broken;
        }
        if (!reply.isSuccess()) {
            throw reply.refusal(agent);
        }
    }

    private String start(String methodAndPath) {
        return methodAndPath + " HTTP/1.1\r\nHost: " + agent.hostAndPort() + "\r\nConnection: close\r\n"
                + (agent.token() == null ? "" : "Authorization: Bearer " + agent.token() + "\r\n")
                + "Accept: application/json, application/problem+json\r\n";
    }

    private String head(long lengthBytes) {
        return start("PUT " + path) + "Content-Type: application/octet-stream\r\nContent-Length: " + lengthBytes
                + "\r\n\r\n";
    }
}
