package io.catena.agent.follow;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.content.RemoteStream;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the host that has an SR, whichever that is. While it is known to be silent nobody waits for it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class HolderCalls {
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(5);
    private static final Duration LOOK = Duration.ofSeconds(10);
    private static final Duration TAKE = Duration.ofSeconds(20);
    private static final Duration WORK = Duration.ofMinutes(2);

    private final SrId sr;
    private final String name;
    private final PeerClient client;
    private volatile Seen holder;
    private volatile boolean silent;
    private volatile int nbdPort;

    HolderCalls(SrId sr, String name, PeerClient client, Seen holder) {
        this.sr = sr;
        this.name = name;
        this.client = client;
        this.holder = holder;
    }

    /** Asks this host from now on. */
    void follow(Seen next) {
        holder = next;
    }

    Seen holder() {
        return holder;
    }

    /** Looks at something. */
    <T> T look(String operation, Arguments with, Class<T> type) {
        return decode(ask(operation, with, LOOK, false), type);
    }

    /** Looks at several things. */
    <T> List<T> looks(String operation, Arguments with, Class<T> elements) {
        return decodeAll(ask(operation, with, LOOK, false), elements);
    }

    /** Changes something. */
    <T> T change(String operation, Arguments with, Class<T> type) {
        return decode(ask(operation, with, WORK, true), type);
    }

    /** Changes something about several things. */
    <T> List<T> changes(String operation, Arguments with, Class<T> elements) {
        return decodeAll(ask(operation, with, WORK, true), elements);
    }

    /** Takes or gives up a disk: what can be asked again, and takes less long. */
    void take(String operation, Arguments with) {
        ask(operation, with, TAKE, false);
    }

    /** Takes a disk to use it, and returns what is ours then. A host of an older version has to be asked for that. */
    Pool.Claims activate(Arguments with) {
        JsonElement answer = ask(Pool.ACTIVATE, with, TAKE, false);
        boolean tells = answer.isJsonObject() && answer.getAsJsonObject().has("held");
        return tells ? learn(decode(answer, Pool.Claims.class)) : claims();
    }

    /** Asks for the content of a disk from somewhere on. */
    RemoteStream.Part open(VdiId vdi, StreamFormat format, @Nullable VdiId base, long from) {
        String query = "format=" + format.text() + "&from=" + from + (base == null ? "" : "&base=" + base);
        return asked(seen -> client.stream(seen.url(), sr, vdi, query, WORK));
    }

    /** Looks whether the host answers. */
    Pool.Claims claims() {
        return claims(SIGN_OF_LIFE);
    }

    /** As {@link #claims()}, of a host that may be busy and is not relied on yet. */
    Pool.Claims firstClaims() {
        return claims(TAKE);
    }

    private Pool.Claims claims(Duration patience) {
        silent = false;
        return learn(decode(ask(Pool.CLAIMS, Arguments.none(), patience, false), Pool.Claims.class));
    }

    private Pool.Claims learn(Pool.Claims told) {
        nbdPort = told.nbdPort();
        return told;
    }

    /** Returns where the host that was asked last serves disks; 0 if that is not known. */
    int nbdPort() {
        return nbdPort;
    }

    private JsonElement ask(String operation, Arguments with, Duration patience, boolean changes) {
        return asked(seen -> client.ask(seen.url(), sr, operation, with, patience, changes));
    }

    /** A request. */
    private interface Request<T> {
        T send(Seen holder) throws IOException;
    }

    private <T> T asked(Request<T> request) {
        Seen asked = holder;
        if (silent) {
            throw silent(asked, "it did not answer before", null);
        }
        try {
            return request.send(asked);
        } catch (IOException e) {
            silent = true;
            throw silent(asked, String.valueOf(e.getMessage()), e);
        }
    }

    private SrException silent(Seen asked, String how, @Nullable Exception cause) {
        String since = asked.since() == null ? "" : " since " + asked.since();
        String when = asked.silentNanos() > TimeUnit.SECONDS.toNanos(4)
                ? "; it has been silent for " + seconds(asked.silentNanos()) + " s, and can be taken in "
                        + seconds(asked.untilDeadNanos()) + " s"
                : "; its lease was renewed lately";
        String text = "SR " + name + " is held by host " + asked.name() + since + ", which does not answer (" + how
                + ")" + when;
        SrException failure = cause == null
                ? new SrException(SrError.TRY_AGAIN, text)
                : new SrException(SrError.TRY_AGAIN, text, cause);
        return failure.correction(
                "Try again in some seconds: this host takes the SR over when the other is dead. If that is certain: ",
                Remedy.of(Verb.HOST_FENCED, asked.name(), "DIR"));
    }

    private static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    private static <T> T decode(JsonElement answer, Class<T> type) {
        try {
            return Json.read(answer, type);
        } catch (JsonParseException e) {
            throw notUnderstood(e);
        }
    }

    private static <T> List<T> decodeAll(JsonElement answer, Class<T> elements) {
        try {
            return Json.list(answer, elements);
        } catch (JsonParseException e) {
            throw notUnderstood(e);
        }
    }

    private static SrException notUnderstood(JsonParseException reason) {
        return new SrException(
                        SrError.INTERNAL,
                        "What the host that has the SR answers is not understood: " + reason.getMessage(),
                        reason)
                .correction("Update Catena on the hosts to the same version.");
    }
}
