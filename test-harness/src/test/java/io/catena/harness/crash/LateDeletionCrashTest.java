package io.catena.harness.crash;

import static io.catena.harness.crash.SimulatedSr.require;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.op.Journal;
import io.catena.op.Orphans;
import io.catena.op.Remove;
import io.catena.sr.record.SrFiles;
import io.catena.store.BlockFile;
import io.catena.store.LateDeletion;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/** A file that is moved before it is deleted is whole or gone, whatever interrupts that, and nothing of it stays. */
class LateDeletionCrashTest {
    private static final String LEAF = "leaf.vhd";
    private static final int BYTES = 8192;

    @Seeds(20)
    void aPowerCutLeavesTheFileOrNone(long seed) {
        CrashExplorer.atEachCall(Fault.POWER_CUT, seed).explore(Deletion::new);
    }

    @Seeds(20)
    void aKillLeavesTheFileOrNone(long seed) {
        CrashExplorer.atEachCall(Fault.KILL, seed).explore(Deletion::new);
    }

    /** Removes a leaf, and notes that its parent is an orphan now. */
    private static final class Deletion implements Scenario.Run {
        private final SimulatedStorage disk;
        private final Remove operation;
        private boolean done;

        Deletion(Machine machine) throws IOException {
            disk = machine.disk("sr");
            operation = new Remove(LEAF, new Orphans.Orphan("base.vhd", new UUID(1, 1).toString()), List.of());
            try (BlockFile leaf = disk.create(LEAF)) {
                leaf.write(0, ByteBuffer.allocate(BYTES).putInt(0, 7));
                leaf.sync();
            }
            disk.syncNames();
        }

        @Override
        public void act() throws IOException {
            LateDeletion late = new LateDeletion(disk, 1);
            Journal journal = new Journal(late);
            journal.record(operation);
            operation.apply(late);
            journal.forget();
            done = true;
            late.giveBack();
        }

        /** As an attach does: first what was recorded, then what nobody trusts. */
        @Override
        public void recover(boolean powerWasCut) throws IOException {
            new Journal(disk).recover();
            for (String name : SrFiles.temporary(disk)) {
                disk.delete(name);
            }
            disk.syncNames();
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            boolean isThere = disk.exists(LEAF);
            require(!(isThere && done), "the leaf came back after it was said to be gone");
            require(!isThere || isWhole(disk), "the leaf is not what it was");
            require(Orphans.read(disk).isEmpty() == isThere, "the orphan is noted if and only if the leaf is gone");
            require(disk.list(".catena/tmp").isEmpty(), "left over: " + disk.list(".catena/tmp"));
        }

        private static boolean isWhole(Storage storage) throws IOException {
            ByteBuffer content = ByteBuffer.allocate(BYTES);
            try (BlockFile leaf = storage.openReadOnly(LEAF)) {
                leaf.readFully(0, content);
            }
            return content.getInt(0) == 7;
        }
    }
}
