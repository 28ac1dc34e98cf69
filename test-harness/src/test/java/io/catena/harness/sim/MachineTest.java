package io.catena.harness.sim;

import static io.catena.harness.sim.Samples.putDurably;
import static io.catena.harness.sim.Samples.read;
import static io.catena.harness.sim.Samples.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Faults at counted calls, over the storages of a machine. */
class MachineTest {
    private static final int SEEDS = 200;

    @Test
    void onlyChangesAndSyncsAreCounted() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        Machine machine = disk.machine();
        BlockFile file = disk.create("a");
        write(file, 0, "A");
        file.truncate(10);
        file.sync();
        disk.rename("a", "b");
        disk.syncNames();
        disk.lock("lock").close();
        disk.delete("b");
        assertThat(machine.calls()).isEqualTo(8);

        file.size();
        disk.list("");
        disk.exists("lock");
        disk.info("lock");
        disk.openReadOnly("lock").close();
        disk.open("lock").close();
        disk.space();
        disk.resolve("a", "b");
        disk.lock("lock").close();
        assertThat(machine.calls()).isEqualTo(8);
    }

    @Test
    void storagesOfAMachineShareThePowerSwitch() throws IOException {
        Machine machine = new Machine(1);
        machine.cutPowerAtCall(3);
        BlockFile onDisk = machine.disk("sr").create("a");
        BlockFile inMemory = machine.tmpfs("redo").create("a");
        assertThat(machine.planned()).isTrue();
        assertThatThrownBy(onDisk::sync).isInstanceOf(PowerLossException.class);
        assertThat(machine.planned()).isFalse();
        assertThatThrownBy(inMemory::size).isInstanceOf(PowerLossException.class);
        assertThatThrownBy(() -> machine.disk("sr").list("")).isInstanceOf(PowerLossException.class);
        assertThatThrownBy(() -> machine.tmpfs("redo").space()).isInstanceOf(PowerLossException.class);
    }

    @Test
    void whatWasOpenedBeforeAPowerCutOrKillIsStale() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        putDurably(disk, "a", "A");
        BlockFile beforeCut = disk.open("a");
        disk.machine().cutPower();
        disk.machine().restorePower();
        assertThatThrownBy(beforeCut::size).hasMessageContaining("stale");
        beforeCut.close();

        BlockFile beforeKill = disk.open("a");
        disk.machine().kill();
        assertThatThrownBy(beforeKill::size).isInstanceOf(ProcessKilledException.class);
        disk.machine().restart();
        assertThatThrownBy(beforeKill::size).hasMessageContaining("stale");
        assertThat(read(disk, "a")).isEqualTo("A");
    }

    @Test
    void locksDieWithTheirProcess() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        Closeable dead = disk.lock("lock");
        disk.machine().kill();
        disk.machine().restart();
        try (Closeable held = disk.lock("lock")) {
            assertThat(held).isNotNull();
            dead.close();
            assertThatThrownBy(() -> disk.lock("lock")).hasMessageContaining("in use");
        }
    }

    @Test
    void aKilledProcessLeavesItsUnsyncedBytesAndNames() throws IOException {
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedStorage disk = SimulatedStorage.disk(seed);
            write(disk.create("a"), 0, "AB");
            disk.rename("a", "b");
            disk.machine().kill();
            disk.machine().restart();
            assertThat(read(disk, "b")).isEqualTo("AB");
        }
    }

    @Test
    void whatAKilledProcessDidNotSyncCanStillBeLost() throws IOException {
        Set<String> outcomes = new TreeSet<>();
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedStorage disk = SimulatedStorage.disk(seed);
            putDurably(disk, "a", "A");
            write(disk.open("a"), 0, "B");
            disk.machine().kill();
            disk.machine().cutPower();
            disk.machine().restorePower();
            outcomes.add(read(disk, "a"));
        }
        assertThat(outcomes).containsExactly("A", "B");
    }

    @Test
    void theCallInWhichTheProcessDiesIsDoneUpToSomewhere() throws IOException {
        Set<String> outcomes = new TreeSet<>();
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedStorage disk = SimulatedStorage.disk(seed);
            putDurably(disk, "a", "ABC");
            BlockFile file = disk.open("a");
            disk.machine().killAtCall(1);
            assertThatThrownBy(() -> write(file, 0, "XYZ")).isInstanceOf(ProcessKilledException.class);
            assertThatThrownBy(() -> disk.exists("a")).isInstanceOf(ProcessKilledException.class);
            disk.machine().restart();
            outcomes.add(read(disk, "a"));
        }
        assertThat(outcomes).containsExactly("ABC", "XBC", "XYC", "XYZ");
    }

    @Test
    void aFailingCallFailsOnceWithOrWithoutEffect() throws IOException {
        Set<String> outcomes = new TreeSet<>();
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedStorage disk = SimulatedStorage.disk(seed);
            disk.machine().failCall(2, new IOException("Input/output error"));
            disk.create("a");
            assertThatThrownBy(() -> disk.rename("a", "b")).hasMessage("Input/output error");
            outcomes.add(disk.list("").toString());
            disk.create("c");
            assertThat(disk.exists("c")).isTrue();
        }
        assertThat(outcomes).containsExactly("[a]", "[b]");
    }

    @Test
    void afterAFailedSyncAllSyncsOfTheOpenFileFail() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        BlockFile file = disk.create("a");
        disk.machine().failCall(1, new IOException("Input/output error"));
        assertThatThrownBy(file::sync).hasMessage("Input/output error");
        assertThatThrownBy(file::sync).hasMessageContaining("sync failed before");
        disk.open("a").sync();
    }

    @Test
    void aFullDiskTakesWhatFitsAndOverwritesWithoutLimit() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        BlockFile file = disk.create("a");
        disk.fullAfter(2 * 4096);
        assertThatThrownBy(() -> write(file, 0, "A".repeat(24))).hasMessageContaining("No space left on device");
        assertThat(read(disk, "a")).isEqualTo("A".repeat(16));
        write(file, 0, "B".repeat(16));
        assertThat(disk.space().freeBytes()).isZero();

        disk.delete("a");
        write(disk.create("b"), 0, "B".repeat(16));
    }

    @Test
    void aTmpfsSurvivesTheProcessButNotThePower() throws IOException {
        SimulatedStorage tmpfs = SimulatedStorage.tmpfs(1);
        putDurably(tmpfs, "a", "A");
        tmpfs.machine().kill();
        tmpfs.machine().restart();
        assertThat(read(tmpfs, "a")).isEqualTo("A");
        tmpfs.machine().cutPower();
        tmpfs.machine().restorePower();
        assertThat(tmpfs.list("")).isEmpty();
    }

    @Test
    void restoringPowerForgetsWhatWasPlanned() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        disk.machine().cutPowerAtCall(1);
        disk.machine().killAtCall(1);
        disk.machine().failCall(1, new IOException("Input/output error"));
        disk.machine().restorePower();
        assertThat(disk.machine().planned()).isFalse();
        disk.create("a");
        assertThat(disk.exists("a")).isTrue();
    }

    @Test
    void aDeadMachineCannotBeRestartedWithoutPower() {
        Machine machine = new Machine(1);
        machine.kill();
        machine.cutPower();
        assertThatThrownBy(machine::restart).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theHistoryTellsTheLastCallsAndFaults() throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(1);
        BlockFile file = disk.create("a");
        write(file, 1, "A");
        disk.machine().cutPowerAtCall(1);
        assertThatThrownBy(file::sync).isInstanceOf(PowerLossException.class);
        assertThat(disk.machine().history())
                .containsExactly(
                        "call 1: /sr: create a",
                        "call 2: /sr/a: write 512 bytes at byte 512",
                        "call 3: /sr/a: sync",
                        "power cut");
    }

    @Seeds(20)
    void aRunRepeatsExactly(long seed) throws IOException {
        assertThat(randomRun(seed)).isEqualTo(randomRun(seed));
    }

    private static List<String> randomRun(long seed) throws IOException {
        SimulatedStorage disk = SimulatedStorage.disk(seed);
        Random random = new Random(seed);
        for (int file = 0; file < 20; file++) {
            BlockFile created = disk.create("new" + file);
            write(created, random.nextInt(10), "A".repeat(1 + random.nextInt(10)));
            disk.rename("new" + file, "old" + random.nextInt(20));
        }
        disk.machine().cutPower();
        disk.machine().restorePower();
        List<String> seen = new ArrayList<>(disk.machine().history());
        for (String name : disk.list("")) {
            seen.add(name + "=" + read(disk, name));
        }
        return seen;
    }
}
