package io.catena.agent.follow;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * That a follower has a disk attached.
 *
 * @param holder with the follower's name, see {@link Hold#ofFollower}
 * @param active how it is activated; null if it is not
 * @param ticket by which the follower gets at the disk, new with each activation; null if it is not active
 */
record Held(
        VdiId vdi,
        String holder,
        AccessMode mode,
        @Nullable AccessMode active,
        @Nullable String ticket) {
    /** What is read may lack anything. */
    Held {
        Objects.requireNonNull(vdi, "vdi");
        Objects.requireNonNull(holder, "holder");
        Objects.requireNonNull(mode, "mode");
        if (!new Hold(vdi, holder, mode, active).isOfFollower()) {
            throw new IllegalArgumentException("found holder \"" + holder + "\", expected one of another host");
        }
    }

    boolean isOf(Hold hold) {
        return vdi.equals(hold.vdi()) && holder.equals(hold.holder());
    }
}
