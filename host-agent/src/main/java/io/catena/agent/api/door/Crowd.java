package io.catena.agent.api.door;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Connections, and which of them has to go for a newcomer. A stranger is one of which no request was let in yet: an honest client
 * is one for a moment only, so of too many strangers the eldest goes, first of those from the same address. A connection on which
 * nothing is done for its client goes when there is no room left for another. One on which something is done never goes.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 *
 * @param <C> a connection, which is itself and no other
 */
final class Crowd<C> {
    private final Limits limits;

    /** Guarded by this, as is all that follows. */
    private final IdentityHashMap<C, Guest<C>> guests = new IdentityHashMap<>();

    /** In the order in which they came. */
    private final Set<Guest<C>> strangers = new LinkedHashSet<>();

    private final Map<Object, Set<Guest<C>>> strangersByAddress = new HashMap<>();

    /** Known ones, in the order in which they last had an answer. */
    private final Set<Guest<C>> idle = new LinkedHashSet<>();

    /**
     * How many there may be.
     *
     * @param strangersOfOne strangers from one address
     */
    record Limits(int all, int strangers, int strangersOfOne, long strangerNanos) {}

    /** One connection. */
    private static final class Guest<C> {
        final C connection;
        final Object address;
        long sinceNanos;

        Guest(C connection, Object address, long sinceNanos) {
            this.connection = connection;
            this.address = address;
            this.sinceNanos = sinceNanos;
        }
    }

    Crowd(Limits limits) {
        this.limits = limits;
    }

    /** Lets one in; returns which one has to go for that, or null. */
    synchronized @Nullable C arrive(C connection, Object address, long nowNanos) {
        Guest<C> guest = new Guest<>(connection, address, nowNanos);
        Guest<C> leaving = leaving(address);
        if (leaving != null) {
            forget(leaving);
        }
        guests.put(connection, guest);
        strangers.add(guest);
        strangersByAddress.computeIfAbsent(address, a -> new LinkedHashSet<>()).add(guest);
        return leaving == null ? null : leaving.connection;
    }

    private @Nullable Guest<C> leaving(Object address) {
        Set<Guest<C>> neighbours = strangersByAddress.getOrDefault(address, Set.of());
        if (neighbours.size() >= limits.strangersOfOne) {
            return neighbours.iterator().next();
        }
        if (strangers.size() >= limits.strangers) {
            return strangers.iterator().next();
        }
        if (guests.size() < limits.all) {
            return null;
        }
        return eldest(idle.isEmpty() ? strangers : idle);
    }

    private static <C> @Nullable Guest<C> eldest(Set<Guest<C>> some) {
        return some.isEmpty() ? null : some.iterator().next();
    }

    /** Something is done now for the client of a connection, which may do that. */
    synchronized void begins(C connection) {
        Guest<C> guest = guests.get(connection);
        if (guest != null) {
            noStranger(guest);
            idle.remove(guest);
        }
    }

    /** Nothing more is to be done for a client; one that is a stranger stays that. */
    synchronized void ends(C connection) {
        Guest<C> guest = guests.get(connection);
        if (guest != null && !strangers.contains(guest)) {
            idle.remove(guest);
            idle.add(guest);
        }
    }

    /**
     * A stranger got what everybody may have. Its time begins anew, but not its turn to go for others: who asks again and again
     * would stay, and those that have just come would go.
     */
    synchronized void asked(C connection, long nowNanos) {
        Guest<C> guest = guests.get(connection);
        if (guest != null) {
            guest.sinceNanos = nowNanos;
        }
    }

    synchronized void leave(C connection) {
        Guest<C> guest = guests.get(connection);
        if (guest != null) {
            forget(guest);
        }
    }

    /** Returns those that have been strangers for too long. */
    synchronized List<C> overdue(long nowNanos) {
        return strangers.stream()
                .filter(guest -> nowNanos - guest.sinceNanos > limits.strangerNanos)
                .map(guest -> guest.connection)
                .toList();
    }

    synchronized int strangers() {
        return strangers.size();
    }

    private void forget(Guest<C> guest) {
        guests.remove(guest.connection);
        idle.remove(guest);
        noStranger(guest);
    }

    private void noStranger(Guest<C> guest) {
        if (strangers.remove(guest)) {
            strangersByAddress.computeIfPresent(guest.address, (address, neighbours) -> {
                neighbours.remove(guest);
                return neighbours.isEmpty() ? null : neighbours;
            });
        }
    }
}
