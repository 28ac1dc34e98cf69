package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.api.GcStatus;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import java.util.List;
import java.util.Optional;

/** Whether there is room for another snapshot: in the chains, and on the file system. */
final class Admission {
    /** Of this many good runs the one that found most written tells what the next period may write. */
    private static final int LOOKED_AT = 7;

    private Admission() {}

    /** Returns what stands in the way; asks for garbage collection if that can help. */
    static Optional<String> refusal(
            Schedule schedule, ScheduleState state, StorageRepository repository, List<Vdi> disks) {
        SrStat stat = repository.stat();
        GcStatus gc = repository.garbage().status();
        Optional<String> refusal = chains(schedule, stat, disks).or(() -> space(state.runs(), stat, gc));
        if (refusal.isPresent() && gc.state() == GcStatus.State.IDLE) {
            repository.collectGarbage();
        }
        return refusal;
    }

    /**
     * Makes sure, before a schedule is kept, that it could run now.
     *
     * @param state empty if it has not run yet
     * @throws SrException with {@link SrError#SR_NO_SPACE} if there is no room for what is written until its next snapshot
     */
    static void checkSpace(Optional<ScheduleState> state, StorageRepository repository) {
        List<Run> runs = state.map(ScheduleState::runs).orElse(List.of());
        Optional<String> refusal =
                space(runs, repository.stat(), repository.garbage().status());
        if (refusal.isPresent()) {
            throw new SrException(SrError.SR_NO_SPACE, "The schedule could not run: " + refusal.get())
                    .correction("Make room first, or let merging leave less free.");
        }
    }

    private static Optional<String> chains(Schedule schedule, SrStat stat, List<Vdi> disks) {
        return disks.stream()
                .filter(disk -> disk.depth() + 1 + schedule.reserveNodes() > stat.chainLimit())
                .findFirst()
                .map(disk ->
                        "SNAPSHOT_CHAIN_TOO_LONG: the chain of VDI " + disk.vdi() + " has " + disk.depth() + " nodes, "
                                + schedule.reserveNodes() + " are reserved, and the limit is " + stat.chainLimit());
    }

    private static Optional<String> space(List<Run> runs, SrStat stat, GcStatus gc) {
        long expected = runs.stream()
                .filter(run -> run.outcome() == Run.Outcome.OK)
                .limit(LOOKED_AT)
                .mapToLong(Run::writtenBytes)
                .max()
                .orElse(0);
        long room = stat.freeBytes() - gc.settings().reserveBytes();
        return room >= expected
                ? Optional.empty()
                : Optional.of("SR_NO_SPACE: beside the reserve there are " + Math.max(0, room)
                        + " bytes free, and until the next snapshot " + expected + " may be written");
    }
}
