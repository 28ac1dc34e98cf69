package io.catena.check;

import org.jspecify.annotations.Nullable;

/**
 * What a repair may do beyond what loses nothing.
 *
 * @param dropEntriesPastEnd give up blocks that do not end within the file; what they held is lost
 * @param journal name of the journal of a resize by vhd-util that did not end, to undo that resize; null if there is none
 */
public record RepairOptions(
        boolean dropEntriesPastEnd, @Nullable String journal) {
    /** Lose nothing. */
    public static final RepairOptions SAFE = new RepairOptions(false, null);
}
