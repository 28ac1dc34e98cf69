package io.catena.sr.open;

import io.catena.sr.tree.Node;
import java.util.HashSet;
import java.util.Set;

/**
 * Names that no disk of an SR has, one after the other.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class FreeNames {
    private final Set<String> taken;

    /**
     * @param taken the names there are; those that are found are added
     */
    FreeNames(Set<String> taken) {
        this.taken = taken;
    }

    /** Returns the names that are free as long as nobody changes the SR. */
    public static FreeNames of(OpenSr sr) {
        Set<String> taken = new HashSet<>();
        for (Node node : sr.tree.now().nodes()) {
            if (!node.hidden()) {
                taken.add(sr.view.record(node).name());
            }
        }
        sr.tree.kept().ids().forEach(id -> taken.add(sr.view.record(id).name()));
        return new FreeNames(taken);
    }

    /** Returns a name, or that with the first number that makes it a free one; it is taken then. */
    public String take(String name) {
        String free = name;
        for (int number = 2; !taken.add(free); number++) {
            free = name + " (" + number + ")";
        }
        return free;
    }
}
