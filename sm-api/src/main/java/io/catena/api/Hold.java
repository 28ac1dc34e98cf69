package io.catena.api;

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

    /** Returns this as it is when activated; not activated if {@code how} is null. */
    public Hold activated(@Nullable AccessMode how) {
        return new Hold(vdi, holder, mode, how);
    }

    /** Returns who and how, for humans: {@code active rw for "dom3"}. */
    public String text() {
        String how = active == null ? "attached " + mode.symbol() : "active " + active.symbol();
        return holder.equals(HOST) ? how : how + " for \"" + holder + "\"";
    }
}
