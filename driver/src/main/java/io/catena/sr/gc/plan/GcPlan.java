package io.catena.sr.gc.plan;

import io.catena.api.GcStatus;
import java.util.List;

/**
 * What garbage collection would do, in this order, and what it cannot do.
 */
public record GcPlan(List<GcStep> steps, List<GcStatus.Refusal> refused) {
    public GcPlan {
        steps = List.copyOf(steps);
        refused = List.copyOf(refused);
    }
}
