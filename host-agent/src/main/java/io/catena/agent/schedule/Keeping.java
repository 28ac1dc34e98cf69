package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.agent.schedule.policy.Timing;

/** A schedule of an attached SR. The fields are replaced whole, by whoever holds the SR's schedules; anybody may look. */
final class Keeping {
    private volatile Schedule schedule;
    private volatile Timing timing;
    private volatile ScheduleState state;

    /** Whether it was asked to run now. */
    private volatile boolean asked;

    Keeping(Schedule schedule, ScheduleState state) {
        this.schedule = schedule;
        this.timing = schedule.timing();
        this.state = state;
    }

    Schedule schedule() {
        return schedule;
    }

    Timing timing() {
        return timing;
    }

    ScheduleState state() {
        return state;
    }

    void schedule(Schedule next) {
        timing = next.timing();
        schedule = next;
    }

    void state(ScheduleState next) {
        state = next;
    }

    void ask() {
        asked = true;
    }

    boolean takeAsked() {
        boolean was = asked;
        asked = false;
        return was;
    }
}
