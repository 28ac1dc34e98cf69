package io.catena.agent.follow;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * That a follower has a disk attached.
 *
 * @param holder with the follower's name, see {@link Hold#ofFollower}
 * @param active how it is activated; null if it is not
 * @param ticket by which the follower gets at the disk, new with each activation; null if it is not active
 * @param preparedBy in the note only: of the agent that has written this before it activated the disk, so that it need not write when
 *     it does, what tells its saved state from others; null if it has activated the disk and written it then
 */
record Held(
        VdiId vdi,
        String holder,
        AccessMode mode,
        @Nullable AccessMode active,
        @Nullable String ticket,
        @Nullable String preparedBy) {
    /** What is read may lack anything. */
    Held {
        Objects.requireNonNull(vdi, "vdi");
        Objects.requireNonNull(holder, "holder");
        Objects.requireNonNull(mode, "mode");
        if (!new Hold(vdi, holder, mode, active).isOfFollower()) {
            throw new IllegalArgumentException("found holder \"" + holder + "\", expected one of another host");
        }
    }

    Held(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active, @Nullable String ticket) {
        this(vdi, holder, mode, active, ticket, null);
    }

    boolean isOf(Hold hold) {
        return vdi.equals(hold.vdi()) && holder.equals(hold.holder());
    }

    boolean isOf(Held other) {
        return vdi.equals(other.vdi) && holder.equals(other.holder);
    }

    /** Returns this as it is when it is active for writing by a new ticket. */
    Held prepared(String by) {
        return new Held(
                vdi, holder, mode, AccessMode.READ_WRITE, UUID.randomUUID().toString(), by);
    }

    /** Returns this as it is for the follower. */
    Held asGiven() {
        return new Held(vdi, holder, mode, active, ticket);
    }

    /** Returns this as it is when the disk is attached only. */
    Held attachedOnly() {
        return new Held(vdi, holder, mode, null, null);
    }
}
