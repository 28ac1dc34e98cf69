package io.catena.agent.follow;

import io.catena.agent.follow.keep.KeepingDevice;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A disk that holders of this host have attached. For one thread at a time. */
final class FollowedDisk {
    private final VdiId vdi;

    /** By holder. */
    private final Map<String, Own> holders = new TreeMap<>();

    /** Tickets, by holder. */
    private final Map<String, String> givenUp = new HashMap<>();

    /** What is served to the guests of this host; null while nobody has it active. */
    private @Nullable KeepingDevice device;

    private boolean published;

    /** The host, in its incarnation, by which the device is served. */
    private String servedBy = "";

    FollowedDisk(VdiId vdi) {
        this.vdi = vdi;
    }

    /**
     * What a holder has.
     *
     * @param ticket by which the host that has the SR lets us in; null if it is not active
     */
    record Own(Hold hold, @Nullable String ticket) {
        boolean isActive() {
            return hold.active() != null;
        }
    }

    VdiId vdi() {
        return vdi;
    }

    void put(Hold hold, @Nullable String ticket) {
        holders.put(hold.holder(), new Own(hold, ticket));
    }

    void remove(String holder) {
        holders.remove(holder);
    }

    Optional<Own> get(String holder) {
        return Optional.ofNullable(holders.get(holder));
    }

    List<Own> owns() {
        return new ArrayList<>(holders.values());
    }

    boolean isAttached() {
        return !holders.isEmpty();
    }

    /**
     * A holder has it attached only, and its ticket is not used any more.
     *
     * @return the ticket; null if it had none
     */
    @Nullable
    String giveUp(String holder) {
        Own own = holders.get(holder);
        if (own == null || !own.isActive()) {
            return null;
        }
        put(own.hold().activated(null), null);
        if (own.ticket() != null) {
            givenUp.put(holder, own.ticket());
        }
        return own.ticket();
    }

    /** Whether it is the one that the holder gave up last; those before it are none any more. */
    boolean hasGivenUp(String holder, String ticket) {
        return ticket.equals(givenUp.get(holder));
    }

    boolean isActive(String holder) {
        return get(holder).filter(Own::isActive).isPresent();
    }

    long activeHolders() {
        return holders.values().stream().filter(Own::isActive).count();
    }

    AccessMode mode() {
        return holders.values().stream().anyMatch(own -> own.hold().active() == AccessMode.READ_WRITE)
                ? AccessMode.READ_WRITE
                : AccessMode.READ_ONLY;
    }

    @Nullable
    KeepingDevice device() {
        return device;
    }

    void device(@Nullable KeepingDevice next) {
        device = next;
        servedBy = "";
    }

    boolean isPublished() {
        return published;
    }

    void published(boolean now) {
        published = now;
    }

    boolean isServedBy(String incarnation) {
        return servedBy.equals(incarnation) && device != null && device.isServed();
    }

    void servedBy(String incarnation) {
        servedBy = incarnation;
    }
}
