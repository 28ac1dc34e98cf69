package io.catena.harness.crash;

import io.catena.api.Job;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One call fails, once, at any call of an operation: the operation says so or succeeds, nothing is lost and nothing is
 * wrong, and the next attempt succeeds, at the latest after the disk was detached and attached again.
 */
@Tag("slow")
class IoErrorTest {
    private static final int SEEDS = 3;

    /** What fails. */
    enum Work {
        CREATE,
        SNAPSHOT,
        CLONE,
        REVERT,
        RESET,
        COMPOSE,
        RESIZE,
        SET,
        DESTROY,
        COLLECT,
        MERGE,
        WRITE,
        ZERO,
        FLUSH,
        DETACH
    }

    @ParameterizedTest
    @EnumSource
    void anIoErrorHarmsNothing(Work work) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            explore(Fault.IO_ERROR, seed, work);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFullDiskHarmsNothing(Work work) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            explore(Fault.DISK_FULL, seed, work);
        }
    }

    private static void explore(Fault fault, long seed, Work work) {
        try {
            CrashExplorer.atEachCall(fault, seed).explore(scenario(seed, work));
        } catch (AssertionError e) {
            throw new AssertionError(work + ": " + e.getMessage(), e);
        }
    }

    static Scenario scenario(long seed, Work work) {
        return machine -> new ErrorRun(machine, seed, work);
    }

    private static final class ErrorRun implements Scenario.Run {
        private static final long GROWN_BYTES = 768L << 20;
        private static final VdiChange CHANGE = new VdiChange("new", null, Map.of("key", "value"), Set.of());
        private static final VdiId MADE = new VdiId(new UUID(6, 0));
        private static final VdiId PARENT = new VdiId(new UUID(5, 1));

        private final SimulatedSr sr;
        private final Work work;
        private final VdiId vdi;
        private final VdiId old;
        private boolean answered;

        ErrorRun(Machine machine, long seed, Work work) throws IOException {
            this.work = work;
            sr = new SimulatedSr(machine, seed, call -> true);
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            sr.work(vdi);
            old = sr.snapshot(vdi);
            sr.work(vdi);
            if (work == Work.COLLECT) {
                sr.snapshot(vdi);
                sr.work(vdi);
                sr.destroy(old);
            }
            if (work == Work.MERGE) {
                sr.destroy(old);
            }
            if (work == Work.COMPOSE) {
                sr.create(PARENT);
                sr.attach(PARENT);
                sr.work(PARENT);
                sr.detach(PARENT);
                sr.snapshot(sr.create(MADE));
                if (sr.random.nextBoolean()) {
                    sr.attach(MADE);
                }
            }
            if (work == Work.REVERT || work == Work.RESET) {
                sr.detach(vdi);
            } else if (sr.random.nextInt(3) == 0
                    && work != Work.WRITE
                    && work != Work.ZERO
                    && work != Work.FLUSH
                    && work != Work.DETACH) {
                sr.detach(vdi);
                if (sr.random.nextBoolean()) {
                    sr.reopen();
                }
            }
        }

        @Override
        public void act() throws IOException {
            attempt();
            answered = true;
        }

        private void attempt() throws IOException {
            switch (work) {
                case CREATE -> sr.create(MADE);
                case SNAPSHOT -> sr.snapshot(vdi);
                case CLONE -> {
                    VdiId clone = sr.repository().clone(vdi, "clone").vdi();
                    sr.models.put(clone, sr.model(vdi).frozen());
                }
                case REVERT -> sr.revert(vdi, old);
                case RESET -> sr.reset(vdi, old);
                case COMPOSE -> sr.compose(PARENT, MADE);
                case RESIZE -> sr.repository().resize(vdi, GROWN_BYTES);
                case SET -> sr.repository().set(vdi, CHANGE);
                case DESTROY -> sr.destroy(old);
                case COLLECT, MERGE -> collect();
                case WRITE -> {
                    for (int i = 0; i < 3; i++) {
                        sr.write(vdi);
                    }
                }
                case ZERO -> {
                    for (int i = 0; i < 3; i++) {
                        sr.zero(vdi);
                    }
                }
                case FLUSH -> {
                    sr.write(vdi);
                    sr.flush(vdi);
                }
                case DETACH -> sr.detach(vdi);
            }
        }

        private void collect() throws IOException {
            Job job = sr.collectGarbage();
            if (job.state() != Job.State.DONE || job.result().contains("set aside")) {
                throw new IOException(String.valueOf(job));
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            throw new IllegalStateException("an I/O error needs no recovery");
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            if (!answered) {
                settleFailure();
                sr.checkContents(fault);
                again();
                settle();
            }
            sr.checkContents(fault);
            flushOrAttachAnew();
            if (work == Work.RESIZE) {
                SimulatedSr.require(sr.repository().vdi(vdi).virtualSizeBytes() == GROWN_BYTES, "it has not grown");
                sr.checkEndIsZero(vdi);
            }
            sr.checkWorkGoesOn(false);
        }

        /** What failed may have happened, or happen later, but then all of it. */
        private void settle() throws IOException {
            List<Vdi> strays = sr.strays();
            SimulatedSr.require(strays.size() <= 1, "strays: " + strays);
            for (Vdi stray : strays) {
                boolean copy = work == Work.SNAPSHOT || work == Work.CLONE;
                SimulatedSr.require(copy || stray.vdi().equals(MADE), "stray: " + stray);
                if (copy) {
                    SimulatedSr.require(
                            Arrays.equals(sr.content(stray.vdi()), sr.content(vdi)),
                            stray + " is not what its source is");
                    sr.models.put(stray.vdi(), sr.model(vdi).frozen());
                } else {
                    sr.models.put(MADE, sr.model(vdi).sibling(SimulatedSr.DISK_BYTES));
                }
            }
        }

        private void settleFailure() throws IOException {
            settle();
            if (work == Work.COMPOSE && isGone(PARENT)) {
                sr.composed(PARENT, MADE);
            }
            if ((work == Work.REVERT || work == Work.RESET) && Arrays.equals(sr.content(vdi), sr.content(old))) {
                sr.models.put(vdi, sr.model(old).frozen());
            }
            if (work == Work.DESTROY && isGone(old)) {
                sr.models.remove(old);
            }
        }

        private boolean isGone(VdiId id) {
            return sr.repository().vdis().stream().noneMatch(v -> v.vdi().equals(id));
        }

        private void again() throws IOException {
            boolean isMade = work == Work.CREATE && sr.models.containsKey(MADE);
            boolean isComposed = work == Work.COMPOSE && !sr.models.containsKey(PARENT);
            if (isMade || isComposed) {
                return;
            }
            try {
                attempt();
            } catch (IOException | SrException e) {
                attachAnew();
                attempt();
            }
        }

        /** A snapshot whose base copy could not be synced is completed, but the disk's flushes say so. */
        private void flushOrAttachAnew() {
            try {
                if (sr.isAttached(vdi)) {
                    sr.flush(vdi);
                }
            } catch (IOException e) {
                SimulatedSr.require(work == Work.SNAPSHOT || work == Work.CLONE, "flush: " + e);
                attachAnew();
            }
        }

        private void attachAnew() {
            for (VdiId id : List.of(vdi, MADE)) {
                if (sr.isAttached(id)) {
                    detachAfterFailure(id);
                    sr.attach(id);
                }
            }
            if (!sr.isAttached(vdi)) {
                sr.attach(vdi);
            }
        }

        private void detachAfterFailure(VdiId id) {
            try {
                sr.detach(id);
            } catch (SrException e) {
                // What could not be written now is in the redo log, from which the next attach takes it.
                SimulatedSr.require(!sr.isAttached(id), "still attached after " + e);
            }
        }
    }
}
