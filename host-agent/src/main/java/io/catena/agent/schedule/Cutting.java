package io.catena.agent.schedule;

import io.catena.agent.guest.Guests;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import io.catena.agent.schedule.policy.ScheduleState.Cut;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Takes the snapshots of an attempt, none twice. */
final class Cutting {
    private final VdiOperations repository;
    private final Guests guests;

    Cutting(VdiOperations repository, Guests guests) {
        this.repository = repository;
        this.guests = guests;
    }

    /** Returns those that are there. */
    List<Cut> done(List<Cut> cuts) {
        Set<VdiId> there = repository.vdis().stream().map(Vdi::vdi).collect(Collectors.toSet());
        return cuts.stream().filter(cut -> there.contains(cut.snapshot())).toList();
    }

    /** Cuts what is not cut yet; returns how consistent it is. */
    String take(Schedule schedule, Attempt attempt) {
        ScheduledCut cut = new ScheduledCut(repository, guests);
        Set<VdiId> done = done(attempt.cuts()).stream().map(Cut::snapshot).collect(Collectors.toSet());
        List<Cut> left = attempt.cuts().stream()
                .filter(one -> !done.contains(one.snapshot()))
                .toList();
        if (left.isEmpty()) {
            return "found after an interruption";
        }
        if (schedule.mode() == Schedule.Mode.TOGETHER) {
            return cut.take(schedule, attempt, left);
        }
        SrException trouble = null;
        String how = "";
        for (Cut one : left) {
            try {
                how = cut.take(schedule, attempt, List.of(one));
            } catch (SrException e) {
                if (trouble == null) {
                    trouble = e;
                } else {
                    trouble.addSuppressed(e);
                }
            }
        }
        if (trouble != null) {
            throw trouble;
        }
        return how;
    }
}
