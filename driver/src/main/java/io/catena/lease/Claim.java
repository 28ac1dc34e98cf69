package io.catena.lease;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the record of a tree or of a disk says: who may change it. Its epoch is the record's version.
 *
 * @param state whether somebody holds it
 * @param holder who; null if nobody
 * @param files the files that the holder has open for writing, which who takes over must fence
 * @param to where a disk is moving; null if it is not
 * @param since when the holder took it, in ISO 8601, for humans only; null if unknown
 */
public record Claim(
        State state,
        @Nullable Holder holder,
        List<String> files,
        @Nullable Holder to,
        @Nullable String since) {
    /** Whether somebody holds it. */
    public enum State {
        /** Nobody. */
        FREE,
        /** The holder may change it. */
        HELD,
        /** The holder may change it, and is about to give it to another host. */
        MOVING
    }

    /**
     * @throws RuntimeException if a file says what cannot be
     */
    public Claim {
        Objects.requireNonNull(state, "state");
        files = files == null ? List.of() : List.copyOf(files);
        if ((holder == null) != (state == State.FREE) || (to == null) != (state != State.MOVING)) {
            throw new IllegalArgumentException("a claim that is " + state + " by " + holder + ", moving to " + to);
        }
    }

    /** Nobody's. */
    public static Claim free() {
        return new Claim(State.FREE, null, List.of(), null, null);
    }

    /** Claimed by {@code holder}. */
    public static Claim held(Holder holder, List<String> files, @Nullable String since) {
        return new Claim(State.HELD, holder, files, null, since);
    }

    /** Returns this with other files. */
    public Claim with(List<String> others) {
        return new Claim(state, holder, others, to, since);
    }

    /** Returns this, about to be given to another host. */
    public Claim movingTo(Holder target) {
        return new Claim(State.MOVING, holder, files, target, since);
    }

    /** Whether this session holds it. */
    public boolean isOf(Holder other) {
        return holder != null
                && holder.host().equals(other.host())
                && holder.incarnation().equals(other.incarnation());
    }

    /** Returns the text of a record. */
    public String encode() {
        return JsonRecords.encode(this);
    }

    /** Reads a record. */
    public static Claim decode(Entry entry) throws IOException {
        return JsonRecords.decode(entry.key(), entry.value(), Claim.class);
    }

    /** Reads a record that may not exist, and is nobody's then. */
    public static Claim decode(Optional<Entry> entry) throws IOException {
        return entry.isEmpty() ? free() : decode(entry.get());
    }
}
