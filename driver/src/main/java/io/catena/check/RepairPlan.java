package io.catena.check;

import io.catena.check.undo.Change;
import io.catena.remedy.Advice;
import java.util.List;

/**
 * What a repair of one file will do.
 *
 * @param file its name
 * @param takesBack whether a repair that was interrupted is taken back first; the changes are those of the file then
 * @param changes what is replaced; none if there is nothing to repair
 * @param sizeBefore size of the file, in bytes
 * @param sizeAfter size of the file after the repair
 * @param leftAlone what is wrong and cannot be repaired like this, and what could be done
 */
public record RepairPlan(
        String file, boolean takesBack, List<Change> changes, long sizeBefore, long sizeAfter, List<Advice> leftAlone) {
    public RepairPlan {
        changes = List.copyOf(changes);
        leftAlone = List.copyOf(leftAlone);
    }

    /** Whether nothing will be written. */
    public boolean isEmpty() {
        return changes.isEmpty() && !takesBack;
    }
}
