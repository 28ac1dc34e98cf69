package io.catena.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * That somebody has a disk attached.
 *
 * @param holder who: whatever the caller tells its users apart by, for instance a domain; {@link #HOST} for nobody in
 *     particular
 * @param mode how it may be activated
 * @param active how it is activated for this holder; null if it is not
 */
public record Hold(
        VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
    /** The holder if none is named. */
    public static final String HOST = "";

    /** What the holders of hosts begin with that reach the SR through the one that has it. */
    private static final String OF_FOLLOWER = "@";

    /** Returns the name of a holder of another host. */
    public static String ofFollower(String host, String holder) {
        return OF_FOLLOWER + host + "/" + holder;
    }

    /** Whether it is of another host than the one that has the SR. */
    public boolean isOfFollower() {
        return holder.startsWith(OF_FOLLOWER);
    }

    /** Returns the host of a holder of another host; empty if it is one of the host that has the SR. */
    public static Optional<String> follower(String holder) {
        int slash = holder.indexOf('/');
        return holder.startsWith(OF_FOLLOWER) && slash > 0
                ? Optional.of(holder.substring(OF_FOLLOWER.length(), slash))
                : Optional.empty();
    }

    /** Returns this as it is when activated; not activated if {@code how} is null. */
    public Hold activated(@Nullable AccessMode how) {
        return new Hold(vdi, holder, mode, how);
    }

    /** Returns who and how, for humans: {@code active rw for "dom3"}. */
    public String text() {
        return holder.equals(HOST) ? how() : how() + " for \"" + holder + "\"";
    }

    /** Returns how, for humans: {@code active rw}. */
    public String how() {
        return active == null ? "attached " + mode.symbol() : "active " + active.symbol();
    }
}
