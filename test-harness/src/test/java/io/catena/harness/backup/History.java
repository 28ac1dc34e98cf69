package io.catena.harness.backup;

import java.util.BitSet;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a disk was written to, back to when it was made. What is cut from a disk shares its history up to then. */
final class History {
    private final @Nullable History before;
    private final int from;
    private final int to;

    /**
     * @param from the first byte that was touched last
     * @param to the byte behind it
     */
    private History(@Nullable History before, int from, int to) {
        this.before = before;
        this.from = from;
        this.to = to;
    }

    /** That of a new disk. */
    static History begin() {
        return new History(null, 0, 0);
    }

    History touch(int first, int end) {
        return new History(this, first, end);
    }

    /** Returns this history with all that happened to another disk after it. */
    History then(History later) {
        return later.before == null ? this : then(later.before).touch(later.from, later.to);
    }

    /** Returns whether two disks come from one. */
    boolean isOfOneTree(History other) {
        return first() == other.first();
    }

    private History first() {
        History first = this;
        while (first.before != null) {
            first = first.before;
        }
        return first;
    }

    /** Returns the pages to which either disk was written since they were one. */
    BitSet since(History other) {
        Set<History> ours = steps();
        Set<History> theirs = other.steps();
        BitSet pages = new BitSet();
        addUnless(theirs, pages);
        other.addUnless(ours, pages);
        return pages;
    }

    private Set<History> steps() {
        Set<History> steps = Collections.newSetFromMap(new IdentityHashMap<>());
        for (History step = this; step != null; step = step.before) {
            steps.add(step);
        }
        return steps;
    }

    private void addUnless(Set<History> common, BitSet pages) {
        for (History step = this; step != null && !common.contains(step); step = step.before) {
            pages.set(step.from / DiskTrees.PAGE, (step.to + DiskTrees.PAGE - 1) / DiskTrees.PAGE);
        }
    }
}
