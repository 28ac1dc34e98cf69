package io.catena.agent.control.client;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Sends a file to an agent, which makes a disk of it, and goes on if the connection breaks off or the agent is started again.
 *
 * <ol>
 *   <li>Send it under a name of its own, so that the agent keeps what has come. Whatever is refused at once is refused for good.
 *   <li>If it breaks off when some of it has come, ask how much the agent has of the stream of that name, and send the rest; all
 *       of it if that is nothing.
 *   <li>If all went out and no answer came there may be a disk. If it has an id that nobody else can have chosen, it is ours.
 *   <li>Whoever gives it up, also by ending this process, tells the agent to keep nothing.
 * </ol>
 *
 * <p><b>Threads.</b> For use by one thread, once.
 */
public final class RepeatedUpload {
    private static final int MOST_TRIES = 12;
    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** More than fits into all buffers on the way, so that the agent did not refuse the beginning. */
    private static final long SURELY_TAKEN_BYTES = 8 << 20;

    /** How an agent refuses that ends, or begins. */
    private static final Set<SrError> PASSING =
            EnumSet.of(SrError.TRY_AGAIN, SrError.SR_UNAVAILABLE, SrError.AGENT_UNREACHABLE);

    private final ContentUpload content;
    private final ControlClient agent;
    private final Disk disk;
    private final Watcher watcher;
    private final LongConsumer rest;
    private final String name = UUID.randomUUID().toString();

    /** How much went out at most. */
    private long sentBytes;

    /** From where on it was sent at last. */
    private long from;

    /** Whether all went out and no answer came. */
    private boolean mayBeMade;

    /**
     * The disk that is made.
     *
     * @param sr its name or id
     * @param isNewId whether nobody else can have chosen the id
     * @param query what else is told of it; begins with "?"
     */
    public record Disk(String sr, String vdi, boolean isNewId, String query) {
        /** Where its content goes. */
        public String content() {
            return "/v1/srs/" + part(sr) + "/vdis/" + part(vdi) + "/content" + query;
        }

        private String upload() {
            return "/v1/srs/" + part(sr) + "/uploads/" + part(vdi);
        }
    }

    /** Hears how far it got. */
    public interface Watcher extends ContentDownload.Progress {
        /**
         * It broke off and is tried again.
         *
         * @param why in a few words
         * @param waitNanos how long that takes at least
         */
        void brokeOff(String why, long waitNanos);

        /** It goes on. */
        void goesOn(long from, long ofBytes);
    }

    /**
     * @param socket where the agent listens
     * @param rest waits for so many nanoseconds
     */
    public RepeatedUpload(Path socket, Disk disk, Watcher watcher, LongConsumer rest) {
        content = new ContentUpload(socket);
        agent = new ControlClient(socket, PATIENCE);
        this.disk = disk;
        this.watcher = watcher;
        this.rest = rest;
    }

    /**
     * Sends all of a file.
     *
     * @return what the agent answers
     * @throws SrException if the agent refuses
     * @throws IOException if the file cannot be read, or the connection breaks off too often
     */
    public JsonElement send(SeekableByteChannel file) throws IOException {
        Thread atExit = new Thread(this::drop, "upload-drop");
        Runtime.getRuntime().addShutdownHook(atExit);
        try {
            return sendAtLast(file);
        } catch (IOException | SrException e) {
            if (sentBytes > 0) {
                drop();
            }
            throw e;
        } finally {
            keepRunning(atExit);
        }
    }

    private static void keepRunning(Thread atExit) {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // It runs already.
        }
    }

    private void drop() {
        try {
            agent.delete(disk.upload());
        } catch (SrException e) {
            // An agent that is away keeps nothing for longer than some minutes.
        }
    }

    private JsonElement sendAtLast(SeekableByteChannel file) throws IOException {
        long waitNanos = FIRST_WAIT_NANOS;
        for (int tries = 1; ; tries++) {
            try {
                return sendOnce(file, tries > 1);
            } catch (SrException e) {
                if (e.error() == SrError.VDI_EXISTS && mayBeMade && disk.isNewId()) {
                    return agent.get("/v1/vdis/" + part(disk.vdi()));
                }
                if (!mayTryAgain(e, tries > 1) || tries == MOST_TRIES) {
                    throw e;
                }
                watcher.brokeOff(e.error().text(), waitNanos);
            } catch (LostConnectionException e) {
                mayBeMade |= e.isWhole();
                if (sentBytes == 0 || tries == MOST_TRIES) {
                    throw e;
                }
                watcher.brokeOff("The connection was lost", waitNanos);
            }
            rest.accept(waitNanos);
            waitNanos = Math.min(2 * waitNanos, LONGEST_WAIT_NANOS);
        }
    }

    /** Whoever refuses the rest has given up what it had, and may take all of it. */
    private boolean mayTryAgain(SrException refusal, boolean isAgain) {
        boolean wasTaken = isAgain || sentBytes >= SURELY_TAKEN_BYTES;
        return from > 0 || (wasTaken && PASSING.contains(refusal.error()));
    }

    private JsonElement sendOnce(SeekableByteChannel file, boolean isAgain) throws IOException {
        long wholeBytes = file.size();
        from = 0;
        if (isAgain) {
            from = offsetThere(wholeBytes);
            watcher.goesOn(from, wholeBytes);
        }
        file.position(from);
        ContentUpload.Part part = new ContentUpload.Part(file, from, wholeBytes);
        return content.send(disk.content() + "&stream=" + name + "&from=" + from, part, (done, of) -> {
            sentBytes = Math.max(sentBytes, done);
            watcher.done(done, of);
        });
    }

    /** Returns how much the agent has of this stream. */
    private long offsetThere(long wholeBytes) {
        JsonObject kept;
        try {
            kept = agent.get(disk.upload()).getAsJsonObject();
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING) {
                return 0;
            }
            throw e;
        }
        if (kept.get("receiving").getAsBoolean()) {
            throw new SrException(
                    SrError.TRY_AGAIN, "The agent has not noticed yet that an earlier connection is gone");
        }
        boolean isSame = kept.get("stream").getAsString().equals(name)
                && kept.get("lengthBytes").getAsLong() == wholeBytes;
        return isSame ? kept.get("offsetBytes").getAsLong() : 0;
    }
}
