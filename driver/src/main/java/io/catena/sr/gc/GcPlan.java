package io.catena.sr.gc;

import io.catena.api.GcStatus;
import java.util.List;

/**
 * What garbage collection would do, in this order, and what it cannot do.
 */
record GcPlan(List<GcStep> steps, List<GcStatus.Refusal> refused) {
    GcPlan {
        steps = List.copyOf(steps);
        refused = List.copyOf(refused);
    }
}
