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
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * What followers have of an SR, in a note of the SR: whoever takes it over goes on with that, so that nobody else gets a disk whose
 * guest is alive and about to repeat its last writes.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Followers {
    private static final String NOTE = FollowerDisks.NOTE;

    private final SrNotes notes;

    /** What the note says; while it is written, what it said before and says afterwards. Guarded by this. */
    private List<Held> known;

    /** Whether it is not certain what the note says. Guarded by this. */
    private boolean unsure;

    private Followers(SrNotes notes, List<Held> known) {
        this.notes = notes;
        this.known = known;
    }

    /** Reads what is kept. */
    static Followers read(SrNotes notes) {
        Optional<String> text = notes.read(NOTE);
        try {
            List<Held> known =
                    text.isEmpty() ? List.of() : Json.list(Json.read(text.get(), JsonElement.class), Held.class);
            if (known.stream().anyMatch(Objects::isNull)) {
                throw new JsonParseException("found null, expected a disk and who has it");
            }
            return new Followers(notes, known);
        } catch (JsonParseException e) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "The note \"" + NOTE + "\" of the SR is damaged: " + e.getMessage(),
                            e)
                    .correction("If no other host has disks of it open, delete .catena/notes/" + NOTE + ".");
        }
    }

    synchronized List<Held> all() {
        return known;
    }

    /**
     * Keeps what followers have now.
     *
     * <ol>
     *   <li>What they have no more gives no right from now on.
     *   <li>Write the note.
     *   <li>What they have newly gives its right.
     * </ol>
     *
     * @param all gives the holds of the SR as they are at that moment
     * @throws SrException if it cannot be written; nobody may get a disk until it is
     */
    synchronized void become(Supplier<List<Hold>> all) {
        List<Held> next =
                all.get().stream().filter(Hold::isOfFollower).map(this::next).toList();
        if (!unsure && next.equals(known)) {
            return;
        }
        List<Held> both = new ArrayList<>(known);
        both.retainAll(next);
        known = List.copyOf(both);
        unsure = true;
        notes.write(NOTE, Json.write(next));
        unsure = false;
        known = next;
    }

    private Held next(Hold hold) {
        Optional<Held> before = known.stream().filter(held -> held.isOf(hold)).findFirst();
        String ticket = before.filter(held -> hold.active() != null && hold.active() == held.active())
                .map(Held::ticket)
                .orElse(null);
        if (ticket == null && hold.active() != null) {
            ticket = UUID.randomUUID().toString();
        }
        return new Held(hold.vdi(), hold.holder(), hold.mode(), hold.active(), ticket);
    }

    synchronized boolean isGood(VdiId vdi, String ticket) {
        return known.stream().anyMatch(held -> held.vdi().equals(vdi) && ticket.equals(held.ticket()));
    }
}
