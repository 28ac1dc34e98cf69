package io.catena.agent.follow;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the note of {@link Followers} is to say next.
 *
 * @param self of the agent that writes it, see {@link Held#preparedBy}
 * @param noted what it says now
 * @param known what the followers had until now
 * @param givenUp tickets that are not used any more by those who had them
 */
record NextNote(String self, List<Held> noted, List<Held> known, Set<String> givenUp) {
    static Set<String> tickets(List<Held> all) {
        return all.stream().map(Held::ticket).filter(Objects::nonNull).collect(Collectors.toSet());
    }

    /** Whether what the note says now is true or harmless, if {@code note} is the truth. */
    boolean isEnough(List<Held> note) {
        return note.equals(noted) || withoutAhead(note).equals(withoutGivenUp());
    }

    /** Returns the note without what it says of those who gave that up. */
    private List<Held> withoutGivenUp() {
        return noted.stream()
                .map(held -> isGivenUp(held) ? held.attachedOnly() : held)
                .toList();
    }

    /** Returns a note to come without what is only said ahead, and was not before. */
    private List<Held> withoutAhead(List<Held> note) {
        return note.stream()
                .map(held -> held.preparedBy() == null || noted.contains(held) ? held : held.attachedOnly())
                .toList();
    }

    private boolean isGivenUp(Held held) {
        return held.ticket() != null && givenUp.contains(held.ticket());
    }

    /** Returns what a follower has that holds a disk. */
    Held next(Hold hold) {
        String ticket = hold.active() == null ? null : ticket(hold);
        return new Held(hold.vdi(), hold.holder(), hold.mode(), hold.active(), ticket);
    }

    /** Returns the one that the holder has; or that is noted ahead; or a new one. */
    private String ticket(Hold hold) {
        return known.stream()
                .filter(held -> held.isOf(hold) && held.active() == hold.active())
                .flatMap(held -> Stream.ofNullable(held.ticket()))
                .findFirst()
                .or(() -> ahead(hold.vdi(), hold.holder(), hold.mode())
                        .filter(held -> held.active() == hold.active())
                        .map(Held::ticket))
                .orElseGet(() -> UUID.randomUUID().toString());
    }

    /** Returns what is noted ahead of a holder, and was never given. */
    private Optional<Held> ahead(VdiId vdi, String holder, AccessMode mode) {
        return noted.stream()
                .filter(held -> held.vdi().equals(vdi) && held.holder().equals(holder) && held.mode() == mode)
                .filter(held -> self.equals(held.preparedBy()) && !isGivenUp(held) && !isKnown(held))
                .findFirst();
    }

    private boolean isKnown(Held held) {
        return held.ticket() != null && tickets(known).contains(held.ticket());
    }

    /** Returns what the note is to say, with one follower ahead for each disk that none has active. */
    List<Held> of(List<Held> next) {
        Set<VdiId> active = next.stream()
                .filter(held -> held.active() != null)
                .map(Held::vdi)
                .collect(Collectors.toSet());
        Map<VdiId, Held> ahead = next.stream()
                .filter(held -> held.mode() == AccessMode.READ_WRITE && !active.contains(held.vdi()))
                .collect(Collectors.toMap(Held::vdi, Function.identity(), this::likelier));
        return next.stream()
                .map(held -> held.equals(ahead.get(held.vdi())) ? noteAhead(held) : noteOf(held))
                .toList();
    }

    /** Returns the one of two that will sooner have the disk active: not the one that had it last, unless the note says so already. */
    private Held likelier(Held one, Held other) {
        boolean isOther = ahead(other.vdi(), other.holder(), other.mode()).isPresent()
                || (ahead(one.vdi(), one.holder(), one.mode()).isEmpty()
                        && known.stream().anyMatch(held -> held.isOf(one) && held.active() != null));
        return isOther ? other : one;
    }

    private Held noteAhead(Held held) {
        return ahead(held.vdi(), held.holder(), held.mode()).orElseGet(() -> held.prepared(self));
    }

    /** Stays what it is if it was noted ahead. */
    private Held noteOf(Held held) {
        return noted.stream()
                .filter(before ->
                        self.equals(before.preparedBy()) && before.asGiven().equals(held))
                .findFirst()
                .orElse(held);
    }
}
