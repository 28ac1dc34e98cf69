package io.catena.agent.nbd;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who has come by one kind of socket. Those that have a disk have a place each, and those that have not chosen one yet wait in a
 * room of their own: who has waited longest has to go when it is full, for an honest client does not wait long. So neither those
 * that say nothing, nor those that came by another kind of socket, keep a client from being served.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Lobby {
    private static final int SMALLEST_ROOM = 16;

    private final int places;
    private final int room;

    /** In the order in which they came; guarded by this. */
    private final Set<NbdConnection> waiting = new LinkedHashSet<>();

    /** Guarded by this. */
    private final Set<NbdConnection> seated = new HashSet<>();

    /**
     * @param places for how many there are disks at a time; half as many may wait
     */
    Lobby(int places) {
        this.places = places;
        this.room = Math.max(SMALLEST_ROOM, places / 2);
    }

    /** Lets one in; returns who has to go for that, or null. */
    synchronized @Nullable NbdConnection arrive(NbdConnection connection) {
        waiting.add(connection);
        if (waiting.size() <= room) {
            return null;
        }
        NbdConnection eldest = waiting.iterator().next();
        waiting.remove(eldest);
        return eldest;
    }

    /** Gives a place to one that waits; returns null if it has one now, else why not. */
    synchronized @Nullable String seat(NbdConnection connection) {
        if (seated.contains(connection)) {
            return null;
        }
        if (seated.size() >= places) {
            return "the server has " + seated.size() + " connections, it allows " + places;
        }
        waiting.remove(connection);
        seated.add(connection);
        return null;
    }

    synchronized void leave(NbdConnection connection) {
        waiting.remove(connection);
        seated.remove(connection);
    }
}
