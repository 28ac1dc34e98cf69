package io.catena.agent.follow;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import io.catena.agent.cluster.FollowerDisks;
import io.catena.agent.json.Json;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrNotes;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What followers have of an SR, in a note of the SR: whoever takes it over goes on with that, so that nobody else gets a disk whose
 * guest is alive and about to repeat its last writes.
 *
 * <p>A guest that moves stands still while its disk changes hosts, and should not wait for a slow disk then. So the note may be
 * ahead of what is, or behind it, in one direction only:
 *
 * <ol>
 *   <li>Who may write to a disk was in the note, by ticket, before it was told. But that may have been long before: one of the
 *       followers that have a disk attached for writing, while none has it active, is noted as if it had ({@link
 *       Held#preparedBy}). There is never more than one for a disk.
 *   <li>Whose right is taken from it is not in the note any more before anybody else can have the disk, for it may not know, and be
 *       about to repeat its last writes.
 *   <li>Who gave up its right, by ticket, can be in the note for a while still. It has nothing left to write, and never uses that
 *       ticket again, whatever became of its request.
 * </ol>
 *
 * <p>So what the note says of a disk is true or harmless: who takes the SR over lets the follower have it, and one that has not got it
 * says so as soon as it sees that ({@link FollowedDisks#reconnect}).
 *
 * <p><b>Threads.</b> Safe for use by many threads; looks wait for nobody.
 */
final class Followers {
    private static final Logger LOG = Logger.getLogger(Followers.class.getName());
    private static final String NOTE = FollowerDisks.NOTE;

    private final SrNotes notes;
    private final String self;
    private final Executor later;

    /** What they have. Replaced whole, by holders of this. */
    private volatile List<Held> known;

    /** What the note says, unless {@link #unsure}. Guarded by this. */
    private List<Held> noted;

    /** What the note is to say when there is time; null if it says so. Guarded by this. */
    private @Nullable List<Held> due;

    /** The agents that were told of tickets; empty if that were several. Guarded by this. */
    private final Map<String, String> sessions = new HashMap<>();

    /** Tickets that are not used any more by those who had them. Guarded by this. */
    private final Set<String> givenUp = new HashSet<>();

    /** Whether it is not certain what the note says. Guarded by this. */
    private boolean unsure;

    private Followers(SrNotes notes, String self, Executor later, List<Held> noted) {
        this.notes = notes;
        this.self = self;
        this.later = later;
        this.noted = noted;
        known = noted.stream().map(Held::asGiven).toList();
    }

    /**
     * Reads what is kept.
     *
     * @param self tells what this agent has saved from what others have
     * @param later runs what need not be done at once
     */
    static Followers read(SrNotes notes, String self, Executor later) {
        Optional<String> text = notes.read(NOTE);
        try {
            List<Held> noted =
                    text.isEmpty() ? List.of() : Json.list(Json.read(text.get(), JsonElement.class), Held.class);
            if (noted.stream().anyMatch(Objects::isNull)) {
                throw new JsonParseException("found null, expected a disk and who has it");
            }
            return new Followers(notes, self, later, noted);
        } catch (JsonParseException e) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "The note \"" + NOTE + "\" of the SR is damaged: " + e.getMessage(),
                            e)
                    .correction("If no other host has disks of it open, delete .catena/notes/" + NOTE + ".");
        }
    }

    List<Held> all() {
        return known;
    }

    boolean isGood(VdiId vdi, String ticket) {
        return known.stream().anyMatch(held -> held.vdi().equals(vdi) && ticket.equals(held.ticket()));
    }

    /**
     * Returns the follower that counts as one that may write to a disk only because this host has noted so ahead, before its agent was
     * started anew; empty if there is none, or it has asked for the disk since.
     */
    synchronized Optional<Held> notedAhead(VdiId vdi) {
        return noted.stream()
                .filter(held -> held.vdi().equals(vdi) && self.equals(held.preparedBy()))
                .filter(held -> known.contains(held.asGiven()) && !sessions.containsKey(held.ticket()))
                .findFirst();
    }

    /**
     * A follower is told what it has.
     *
     * @param session of the follower's agent; empty if that tells none
     */
    synchronized void told(VdiId vdi, String holder, String session) {
        known.stream()
                .filter(held -> held.vdi().equals(vdi) && held.holder().equals(holder))
                .map(Held::ticket)
                .filter(Objects::nonNull)
                .forEach(ticket -> sessions.merge(ticket, session, (one, other) -> one.equals(other) ? one : ""));
    }

    /**
     * A follower is about to give up its right to a disk, and promises not to use it again. Only who alone was told of it can: the
     * agent that asks may have ended since, and another one of the same host have it.
     */
    synchronized void givesUp(VdiId vdi, String ticket, String session) {
        if (isGood(vdi, ticket) && !session.isEmpty() && session.equals(sessions.get(ticket))) {
            givenUp.add(ticket);
        }
    }

    /**
     * Keeps what followers have now.
     *
     * <ol>
     *   <li>What they have no more gives no right from now on.
     *   <li>Write the note; later, if it lacks nothing that they have, and says too much only of those who gave that up.
     *   <li>What they have newly gives its right.
     * </ol>
     *
     * @param all gives the holds of the SR as they are at that moment
     * @throws SrException if it cannot be written; nobody may get a disk until it is
     */
    synchronized void become(Supplier<List<Hold>> all) {
        NextNote plan = new NextNote(self, unsure ? List.of() : noted, known, givenUp);
        List<Held> next =
                all.get().stream().filter(Hold::isOfFollower).map(plan::next).toList();
        List<Held> note = plan.of(next);
        if (unsure || !plan.isEnough(note)) {
            List<Held> both = new ArrayList<>(known);
            both.retainAll(next);
            known = List.copyOf(both);
            write(note);
        } else {
            writeLater(note);
        }
        known = next;
        forgetTickets();
    }

    /** But those that are in force, or in the note still. */
    private void forgetTickets() {
        Set<String> inForce = NextNote.tickets(known);
        sessions.keySet().retainAll(inForce);
        Set<String> noticed = NextNote.tickets(noted);
        givenUp.removeIf(ticket -> !inForce.contains(ticket) && !noticed.contains(ticket));
    }

    private void write(List<Held> note) {
        unsure = true;
        notes.write(NOTE, Json.write(note));
        unsure = false;
        noted = note;
        due = null;
    }

    private void writeLater(List<Held> note) {
        boolean isBegun = due != null;
        due = note.equals(noted) ? null : note;
        if (due != null && !isBegun) {
            later.execute(this::writeDue);
        }
    }

    private void writeDue() {
        try {
            settle();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("followers-not-noted", "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Writes what was left for later. */
    synchronized void settle() {
        if (due != null) {
            write(due);
        }
    }
}
