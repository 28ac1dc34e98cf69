package io.catena.vhd.map;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The places that blocks have left: none is free before the file's BAT, durably, does not give it to the block any more.
 *
 * <p><b>Threads.</b> Guarded by the lock of the {@link BlockMap}.
 */
final class LeftPlaces {
    /** Those that the file's BAT may still give to the blocks that gave them up. */
    private final List<Integer> leaving = new ArrayList<>();

    /** Those of them that it no longer does when the flush under way has succeeded. */
    private final List<Integer> left = new ArrayList<>();

    /** Those that it no longer does. */
    private final NavigableSet<Integer> free = new TreeSet<>(Integer::compareUnsigned);

    void add(int place) {
        leaving.add(place);
    }

    void addAll(Collection<Integer> places) {
        leaving.addAll(places);
    }

    void removeIf(Predicate<Integer> unwanted) {
        leaving.removeIf(unwanted);
        left.removeIf(unwanted);
        free.removeIf(unwanted);
    }

    /** A flush has begun. */
    void freeze() {
        left.addAll(leaving);
        leaving.clear();
    }

    /** It has succeeded. */
    void settle() {
        free.addAll(left);
        left.clear();
    }

    /** Returns the first free places; each once. */
    List<Integer> take(int most) {
        List<Integer> taken = free.stream().limit(most).toList();
        taken.forEach(free::remove);
        return taken;
    }

    /** Returns how many are free. */
    int freeCount() {
        return free.size();
    }

    /** Returns how many are not yet. */
    int leavingCount() {
        return leaving.size() + left.size();
    }
}
