package io.catena.agent.follow.keep;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** The changes of a disk that are not known to be durable, and those under way. For one thread at a time. */
final class KeptChanges {
    private final Deque<Change> answered = new ArrayDeque<>();
    private final Set<Change> underWay = Collections.newSetFromMap(new IdentityHashMap<>());
    private long costBytes;

    /** How many changes have ever been answered. */
    private long count;

    /** Whether there is room for another, or nothing that could make room. */
    boolean fits(Change change, long mostBytes) {
        return isEmpty() || costBytes + change.costBytes() <= mostBytes;
    }

    private boolean isEmpty() {
        return answered.isEmpty() && underWay.isEmpty();
    }

    /** Whether a flush makes room. */
    boolean hasAnswered() {
        return !answered.isEmpty();
    }

    boolean isInTheWayOf(Change change) {
        return underWay.stream().anyMatch(change::overlaps);
    }

    void begin(Change change) {
        underWay.add(change);
        costBytes += change.costBytes();
    }

    /** It was done, and is to be done again when the host is lost before a flush. */
    void answer(Change change) {
        if (underWay.remove(change)) {
            answered.add(change);
            count++;
        }
    }

    /** It failed, or need not be kept. */
    void drop(Change change) {
        if (underWay.remove(change)) {
            costBytes -= change.costBytes();
        }
    }

    /** Returns what stands for all that was answered until now. */
    long mark() {
        return count;
    }

    /** All that was answered before {@code mark} is durable. */
    void forgetUntil(long mark) {
        while (!answered.isEmpty() && count - answered.size() < mark) {
            costBytes -= answered.remove().costBytes();
        }
    }

    /** Returns what was answered, in an order in which it may be done again: changes that overlap were not under way at once. */
    List<Change> answered() {
        return new ArrayList<>(answered);
    }
}
