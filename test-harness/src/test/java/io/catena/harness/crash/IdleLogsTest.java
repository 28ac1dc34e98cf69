package io.catena.harness.crash;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.Job;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** An attach after a kill leaves files alone whose redo logs tell of nothing, if they lack nothing. */
class IdleLogsTest {
    private static final VdiId IDLE = new VdiId(new UUID(5, 0));
    private static final VdiId BUSY = new VdiId(new UUID(5, 1));
    private static final int RECORD_BYTES = 24;
    private static final String IDLE_FILE = IDLE + ".vhd";
    private static final String BUSY_FILE = BUSY + ".vhd";

    private final Set<String> changed = new TreeSet<>();
    private WatchedStorage.Watcher watcher = call -> true;

    @Test
    void aFileOfWhichAllIsFlushedIsNotTouched() throws IOException {
        Machine machine = new Machine(3);
        SimulatedSr sr = sr(machine);
        sr.overwrite(BUSY);
        kill(machine);

        changed.clear();
        sr.restart(false);

        assertThat(changed).contains(BUSY_FILE).doesNotContain(IDLE_FILE);
        sr.checkContents(Fault.KILL);
        assertNothingIsLeft(machine);
    }

    @Test
    void itsLogGoesAlsoIfThatOfAnotherFileIsLost() throws IOException {
        Machine machine = new Machine(4);
        SimulatedSr sr = sr(machine);
        sr.overwrite(BUSY);
        kill(machine);
        loseLog(machine, BUSY_FILE);

        changed.clear();
        sr.restart(false);

        assertThat(changed).doesNotContain(IDLE_FILE);
        assertThat(machine.disk("sr").list(".catena/open")).hasSize(1);
        assertThatThrownBy(() -> sr.attach(BUSY)).isInstanceOf(SrException.class);
        sr.attach(IDLE);
        sr.write(IDLE);
        sr.model(IDLE).check(sr.content(IDLE));
    }

    /** The parent's log tells of nothing, for what the leaf gave up was written over what the parent had. */
    @Test
    void whatALeafGaveUpIsDurableInItsParentBeforeItsFileTellsSo() throws IOException {
        Machine machine = new Machine(6);
        SimulatedSr sr = sr(machine);
        sr.overwrite(IDLE);
        VdiId snapshot = sr.snapshot(IDLE);
        for (int i = 0; i < 5; i++) {
            sr.write(IDLE);
        }
        sr.flush(IDLE);
        sr.destroy(snapshot);
        AtomicBoolean killed = new AtomicBoolean();
        watcher = call -> {
            if (CallSite.isInside("RedoLog.append") && call.bytes().remaining() == RECORD_BYTES) {
                watcher = next -> true;
                killed.set(true);
                machine.killAtCall(2);
            }
            return true;
        };
        Job job = sr.collectGarbage();
        assertThat(machine.planned()).as("not killed in " + job).isFalse();
        assertThat(killed.get()).isTrue();
        machine.restart();
        String base = machine.disk("sr").list("", name -> name.endsWith(".vhd")).stream()
                .filter(name -> !name.equals(IDLE_FILE) && !name.equals(BUSY_FILE))
                .findFirst()
                .orElseThrow();

        List<String> synced = new ArrayList<>();
        watcher = call -> {
            if (call.kind() == Call.Kind.SYNC) {
                synced.add(call.file());
            }
            return true;
        };
        sr.restart(false);
        assertThat(synced).containsSubsequence(base, IDLE_FILE);
        machine.cutPower();
        machine.restorePower();
        sr.restart(true);

        sr.checkContents(Fault.POWER_CUT);
    }

    /** The log knows of nothing any more when the batmap is written. */
    @Test
    void aBatmapThatADetachLeftHalfWrittenIsWrittenAnew() throws IOException {
        int calls = 1;
        while (isKilledAtCallOfDetach(calls)) {
            calls++;
        }
        assertThat(calls).isGreaterThan(5);
    }

    private boolean isKilledAtCallOfDetach(int call) throws IOException {
        Machine machine = new Machine(100 + call);
        SimulatedSr sr = sr(machine);
        sr.overwrite(IDLE);
        machine.killAtCall(call);
        try {
            sr.detach(IDLE);
        } catch (SrException e) {
            assertThat(machine.planned()).isFalse();
        }
        boolean isKilled = !machine.planned();
        machine.restart();
        if (isKilled) {
            sr.restart(false);
            SimulatedStorage disk = machine.disk("sr");
            assertThat(ChainFile.vhd(disk, IDLE_FILE).hasValidBatmap(disk))
                    .as("killed at call %d", call)
                    .isTrue();
            sr.model(IDLE).check(sr.content(IDLE));
        }
        return isKilled;
    }

    /** Both disks are active, were written and flushed. */
    private SimulatedSr sr(Machine machine) throws IOException {
        SimulatedSr sr = new SimulatedSr(machine, 3, call -> {
            changed.add(call.file());
            return watcher.passes(call);
        });
        for (VdiId vdi : new VdiId[] {IDLE, BUSY}) {
            sr.create(vdi);
            sr.attach(vdi);
            sr.write(vdi);
            sr.flush(vdi);
        }
        return sr;
    }

    private static void kill(Machine machine) {
        machine.kill();
        machine.restart();
    }

    private static void loseLog(Machine machine, String file) throws IOException {
        String log = UUID.nameUUIDFromBytes(
                        machine.disk("sr").info(file).identity().getBytes(UTF_8))
                .toString();
        SimulatedStorage run = machine.tmpfs("run");
        for (String directory : run.directories("")) {
            for (String name : run.list(directory, name -> name.contains(log))) {
                run.delete(name);
            }
        }
    }

    private static void assertNothingIsLeft(Machine machine) throws IOException {
        assertThat(machine.disk("sr").list(".catena/open")).isEmpty();
        SimulatedStorage run = machine.tmpfs("run");
        for (String directory : run.directories("")) {
            assertThat(run.list(directory)).isEmpty();
        }
    }
}
