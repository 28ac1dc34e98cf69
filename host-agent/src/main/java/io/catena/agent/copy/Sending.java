package io.catena.agent.copy;

import com.google.gson.JsonObject;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiStream;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sends a content to another agent, which makes a disk of it.
 *
 * <ol>
 *   <li>Ask whether there is a disk of that id.
 *   <li>Ask how much of the content is there, from an earlier try or an earlier job. The name of the stream tells whether it is
 *       the same content.
 *   <li>The other agent takes the rest in under a temporary name. If that breaks off it keeps what it has for some minutes; if it
 *       dies, what it had made durable, but for qcow2 images.
 *   <li>It publishes the disk, and answers. If the answer is lost, sending again is refused since there is such a disk: then it
 *       is ours, since there was none before.
 * </ol>
 *
 * <p><b>Threads.</b> For use by one thread.
 */
final class Sending {
    private static final Logger LOG = Logger.getLogger(Sending.class.getName());
    private static final int MOST_TRIES = 12;
    private static final int NOT_FOUND = 404;
    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final OtherAgent agent;
    private final Place place;
    private final String name;
    private final JobControl control;
    private final Pace pace;

    /** Whether it is known that there was no such disk before. */
    private boolean isNew;

    /** Whether all of the content went out and no answer came, so that there may be a disk. */
    private boolean mayBeMade;

    /** Whether some of the content went out, so that the other agent may keep that. */
    private boolean mayBeKept;

    /** From where on the content was sent at last. */
    private long from;

    /** What the job was told that there is to do, less what it was told is done. */
    private long leftBytes;

    /**
     * Where a content goes.
     *
     * @param sr there, encoded
     * @param copy the id of the disk there
     * @param query what else is told of the disk
     */
    record Place(String sr, VdiId copy, String query) {
        String content() {
            return "/v1/srs/" + sr + "/vdis/" + copy + "/content" + query;
        }

        String upload() {
            return "/v1/srs/" + sr + "/uploads/" + copy;
        }
    }

    /**
     * @param name what the other agent calls the stream; of the same name are the same bytes
     */
    Sending(OtherAgent agent, Place place, String name, JobControl control, Pace pace) {
        this.agent = agent;
        this.place = place;
        this.name = name;
        this.control = control;
        this.pace = pace;
    }

    /** Sends until it has arrived, or cannot. */
    void send(VdiStream stream) throws IOException {
        try {
            sendAtLast(stream);
        } catch (SrException e) {
            if (e.error() == SrError.CANCELLED && mayBeKept) {
                drop();
            }
            throw e;
        }
    }

    /** What it keeps is given up there some minutes later if it cannot be told to. */
    private void drop() {
        try {
            new AgentCalls(agent).ask("DELETE", place.upload(), null);
        } catch (IOException | SrException e) {
            LOG.log(Level.INFO, LogLine.of("upload-not-dropped", "agent", agent.url(), "cause", e));
        }
    }

    private void sendAtLast(VdiStream stream) throws IOException {
        long waitNanos = FIRST_WAIT_NANOS;
        for (int tries = 1; ; tries++) {
            try {
                sendOnce(stream);
                return;
            } catch (SrException e) {
                if (mayBeMade && e.error() == SrError.VDI_EXISTS) {
                    return;
                }
                if (!mayTryAgain(e) || tries == MOST_TRIES) {
                    throw e;
                }
                control.phase("waiting, for the other agent refuses: " + e.getMessage());
            } catch (ConnectionLostException e) {
                if (tries == MOST_TRIES) {
                    throw e;
                }
                control.phase("waiting to go on, try " + (tries + 1) + ": " + e.getMessage());
            }
            control.rest(waitNanos);
            control.checkCancelled();
            waitNanos = Math.min(2 * waitNanos, LONGEST_WAIT_NANOS);
        }
    }

    /** Whoever refuses the rest has given up what it had, and may take all of it. */
    private boolean mayTryAgain(SrException refusal) {
        return refusal.error() == SrError.TRY_AGAIN || (from > 0 && refusal.error() != SrError.CANCELLED);
    }

    private void sendOnce(VdiStream stream) throws IOException {
        control.checkCancelled();
        control.phase("connecting");
        from = 0;
        requireNew();
        from = offsetThere(stream);
        try (Connection connection = connect()) {
            control.phase(from == 0 ? "sending" : "sending what lacks from byte " + from + " on");
            control.addTotal(stream.lengthBytes() - from - leftBytes);
            leftBytes = stream.lengthBytes() - from;
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
        Reply reply = ask("/v1/vdis/" + place.copy());
        if (reply.isSuccess()) {
            throw new SrException(
                            SrError.VDI_EXISTS,
                            "The agent at " + agent.url() + " has a VDI " + place.copy() + " already")
                    .correction("Choose another id, or leave it out.");
        }
        if (reply.status() != NOT_FOUND) {
            throw reply.refusal(agent);
        }
        isNew = true;
    }

    /** Returns how much the other agent has of this stream. */
    private long offsetThere(VdiStream stream) throws IOException {
        Reply reply = ask(place.upload());
        if (reply.status() == NOT_FOUND) {
            return 0;
        }
        if (!reply.isSuccess()) {
            throw reply.refusal(agent);
        }
        JsonObject kept = reply.body();
        if (kept.get("receiving").getAsBoolean()) {
            throw new ConnectionLostException("the other agent has not noticed yet that an earlier connection is gone");
        }
        boolean same = kept.get("stream").getAsString().equals(name)
                && kept.get("lengthBytes").getAsLong() == stream.lengthBytes();
        return same ? kept.get("offsetBytes").getAsLong() : 0;
    }

    private Reply ask(String path) throws IOException {
        try (Connection connection = connect()) {
            byte[] head = (start("GET " + path) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            connection.send(head, head.length);
            return connection.reply();
        }
    }

    private Connection connect() throws IOException {
        try {
            return new Connection(agent.connect(), control, pace);
        } catch (IOException e) {
            throw new ConnectionLostException(AgentCalls.unreachable(agent, e), e);
        }
    }

    /** Who refuses hangs up before all was sent, and has told why: what that breaks is returned, not thrown. */
    private @Nullable ConnectionLostException sendAll(VdiStream stream, Connection connection) throws IOException {
        try {
            byte[] head = head(stream.lengthBytes()).getBytes(StandardCharsets.US_ASCII);
            connection.send(head, head.length);
            mayBeKept = true;
            stream.writeTo(connection, from);
        } catch (ConnectionLostException e) {
            return e;
        } finally {
            leftBytes -= connection.sentBytes();
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
        return start("PUT " + place.content() + "&stream=" + name + "&from=" + from)
                + "Content-Type: application/octet-stream\r\nContent-Length: " + (lengthBytes - from) + "\r\n\r\n";
    }
}
