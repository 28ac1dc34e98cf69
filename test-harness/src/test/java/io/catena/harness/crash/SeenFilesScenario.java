package io.catena.harness.crash;

import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * The note of what the files are is written anew and marks come and go, while files are replaced in order. Before or after the
 * recovery somebody puts another disk's file in the place of one that nobody had anything to do with: that is noticed whatever
 * was interrupted; and nothing else is held to be another file.
 */
final class SeenFilesScenario implements Scenario {
    private static final VdiId WORKING = new VdiId(new UUID(5, 0));
    private static final VdiId BYSTANDER = new VdiId(new UUID(5, 1));
    private static final VdiId AGAIN = new VdiId(new UUID(5, 2));

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    SeenFilesScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new SeenFilesRun(machine);
    }

    private final class SeenFilesRun implements Run {
        private final Machine machine;
        private final SimulatedSr sr;
        private final ByteBuffer stranger;
        private final boolean early;
        private boolean swapped;

        SeenFilesRun(Machine machine) throws IOException {
            this.machine = machine;
            sr = new SimulatedSr(machine, seed, mutant);
            early = sr.random.nextBoolean();
            for (VdiId vdi : List.of(WORKING, BYSTANDER, AGAIN)) {
                sr.create(vdi);
                sr.attach(vdi);
                sr.work(vdi);
                sr.detach(vdi);
            }
            stranger = bytes(file(AGAIN));
            sr.reopen();
        }

        @Override
        public void act() throws IOException {
            sr.attach(WORKING);
            sr.work(WORKING);
            VdiId snapshot = sr.snapshot(WORKING);
            sr.work(WORKING);
            sr.detach(WORKING);
            sr.revert(WORKING, snapshot);
            sr.destroy(AGAIN);
            sr.create(AGAIN);
            sr.reopen();
            sr.attach(WORKING);
            sr.work(WORKING);
            sr.detach(WORKING);
            sr.reopen();
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            if (early) {
                swap();
            }
            sr.restart(powerWasCut);
        }

        /** May be interrupted, and done again. */
        private void swap() throws IOException {
            swapped = true;
            sr.models.remove(BYSTANDER);
            Storage disk = machine.disk("sr");
            disk.delete(file(BYSTANDER));
            try (BlockFile file = disk.create(file(BYSTANDER))) {
                file.write(0, stranger.duplicate());
                file.sync();
            }
            disk.syncNames();
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            if (happened && !fault.isCrash()) {
                // The SR may have been let go of, and not have come back.
                machine.kill();
                machine.restart();
                sr.restart(false);
            }
            if (!swapped) {
                requireAccused(false);
                machine.kill();
                machine.restart();
                swap();
                sr.restart(false);
            }
            // A file system that is too full for a mark has room again without the note.
            if (fault != Fault.DISK_FULL || !happened) {
                requireAccused(true);
                sr.reopen();
                requireAccused(true);
            }
        }

        /** Whether the bystander, and it alone, is held to be another file, and is refused for writing then. */
        private void requireAccused(boolean expected) {
            List<SrHealth.Reason> reasons = sr.repository().stat().health().reasons().stream()
                    .filter(reason -> reason.kind() == SrHealth.Kind.CONTRADICTION)
                    .toList();
            boolean onlyIt =
                    reasons.stream().allMatch(reason -> reason.toString().contains(BYSTANDER.toString()));
            SimulatedSr.require(onlyIt && reasons.isEmpty() != expected, "accused: " + reasons);
            SimulatedSr.require(isRefused(BYSTANDER) == expected, BYSTANDER + " can be written, or not");
        }

        private boolean isRefused(VdiId vdi) {
            try {
                sr.repository().attach(vdi, AccessMode.READ_WRITE);
                sr.repository().detach(vdi);
                return false;
            } catch (SrException e) {
                return true;
            }
        }

        private ByteBuffer bytes(String name) throws IOException {
            try (BlockFile file = machine.disk("sr").openReadOnly(name)) {
                ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
                file.readFully(0, bytes);
                return bytes.flip();
            }
        }

        private static String file(VdiId vdi) {
            return vdi + ".vhd";
        }
    }
}
