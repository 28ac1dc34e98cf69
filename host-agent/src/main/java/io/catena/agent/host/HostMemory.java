package io.catena.agent.host;

import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.JobIntent;
import io.catena.api.JobIntents;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/** Saves each attach and detach of a disk, and each job, at once. Safe for use by many threads. */
final class HostMemory implements SrMemory {
    private static final Logger LOG = Logger.getLogger(HostMemory.class.getName());

    private final SavedState saved;
    private final RestoreProblems problems;
    private final UnfinishedJobs unfinished;
    private final Supplier<UUID> newIds;

    HostMemory(SavedState saved, RestoreProblems problems, UnfinishedJobs unfinished, Supplier<UUID> newIds) {
        this.saved = saved;
        this.problems = problems;
        this.unfinished = unfinished;
        this.newIds = newIds;
    }

    @Override
    public void holds(SrId sr, VdiId vdi, List<Hold> holds, Set<ExportKind> as) {
        problems.remove(sr, vdi);
        saved.change(state -> state.withHolds(sr, vdi, holds, as));
        String how = holds.stream().map(Hold::text).collect(Collectors.joining(", "));
        LOG.info(LogLine.of("vdi-held", "vdi", vdi, "sr", sr, "by", how, "block", as.contains(ExportKind.BLOCK)));
    }

    @Override
    public boolean remembers(SrId sr, VdiId vdi) {
        return saved.get().remembers(sr, vdi);
    }

    @Override
    public void began(JobIntents intents, JobIntent intent) {
        unfinished.began(intents, intent);
    }

    @Override
    public VdiId newVdi() {
        return new VdiId(newIds.get());
    }
}
