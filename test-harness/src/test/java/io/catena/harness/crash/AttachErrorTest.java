package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An SR is attached again after a kill, and the file system is full at one of the calls that this takes. */
@Tag("slow")
class AttachErrorTest {
    private static final String FULL = "No space left on device";
    private static final VdiId FIRST = new VdiId(new UUID(5, 0));
    private static final VdiId SECOND = new VdiId(new UUID(5, 1));

    /**
     * The attach succeeds, or fails, and then the next one succeeds; all answered writes are there when the disks are active
     * again.
     *
     * @param calls how many calls in a row fail
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void aFullDiskAtAnyCallOfAnAttachAfterAKillLosesNothing(int calls) throws IOException {
        int tried = 0;
        while (attachWithFailure(tried + 1, calls)) {
            tried++;
        }
        assertThat(tried).isGreaterThan(10);
    }

    /** A disk that is not active may be behind its redo log then, and what is made of it must not be. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void whatIsMadeOfADiskAfterAnAttachWithAFullDiskHoldsAllThatWasWritten(int calls) throws IOException {
        int tried = 0;
        while (cutAfterFailure(tried + 1, calls)) {
            tried++;
        }
        assertThat(tried).isGreaterThan(10);
    }

    private static boolean cutAfterFailure(int call, int calls) throws IOException {
        Machine machine = new Machine(call);
        SimulatedSr sr = killed(machine, call);
        if (!restartWithFailure(machine, sr, call, calls)) {
            return false;
        }
        sr.snapshot(FIRST);
        sr.reopen();
        check(machine, sr, call);
        return true;
    }

    /** Whether its detach fails or not: the session goes on until its file has caught up. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void whatIsMadeOfADiskAfterADetachWithAFullDiskHoldsAllThatWasWritten(int calls) throws IOException {
        int tried = 0;
        while (cutAfterDetach(tried + 1, calls)) {
            tried++;
        }
        assertThat(tried).isGreaterThan(3);
    }

    private static boolean cutAfterDetach(int call, int calls) throws IOException {
        Machine machine = new Machine(call);
        SimulatedSr sr = killed(machine, call);
        sr.restart(false);
        sr.attach(FIRST);
        sr.write(FIRST);
        fail(machine, call, calls);
        try {
            sr.detach(FIRST);
            if (machine.planned()) {
                return false;
            }
        } catch (SrException e) {
            assertThat(e).hasMessageContaining(FULL);
        }
        try {
            sr.reopen();
        } catch (IOException | SrException e) {
            killAndRestart(machine, sr);
        }
        sr.snapshot(FIRST);
        sr.reopen();
        check(machine, sr, call);
        return true;
    }

    /** Returns whether the attach makes that many calls. */
    private static boolean attachWithFailure(int call, int calls) throws IOException {
        Machine machine = new Machine(call);
        SimulatedSr sr = killed(machine, call);
        if (!restartWithFailure(machine, sr, call, calls)) {
            return false;
        }
        // As the agent does with disks that were active: a file may still be behind its log.
        sr.attach(FIRST);
        sr.attach(SECOND);
        check(machine, sr, call);
        return true;
    }

    private static boolean restartWithFailure(Machine machine, SimulatedSr sr, int call, int calls) throws IOException {
        fail(machine, call, calls);
        try {
            sr.restart(false);
            return !machine.planned();
        } catch (SrException e) {
            killAndRestart(machine, sr);
            return true;
        }
    }

    private static void fail(Machine machine, int call, int calls) {
        for (int i = 0; i < calls; i++) {
            machine.failCall(call + i, new IOException(FULL));
        }
    }

    private static void killAndRestart(Machine machine, SimulatedSr sr) {
        machine.kill();
        machine.restart();
        sr.restart(false);
    }

    private static void check(Machine machine, SimulatedSr sr, int call) throws IOException {
        try {
            sr.checkContents(Fault.DISK_FULL);
        } catch (AssertionError e) {
            throw new AssertionError("call " + call + ": " + e.getMessage() + "\n" + machine.history(), e);
        }
    }

    /** Two disks with what was flushed, and with what was only answered. */
    private static SimulatedSr killed(Machine machine, long seed) throws IOException {
        SimulatedSr sr = new SimulatedSr(machine, seed, call -> true);
        for (VdiId vdi : new VdiId[] {FIRST, SECOND}) {
            sr.create(vdi);
            sr.attach(vdi);
            sr.write(vdi);
            sr.flush(vdi);
            sr.snapshot(vdi);
            for (int i = 0; i < 4; i++) {
                sr.write(vdi);
            }
        }
        machine.kill();
        machine.restart();
        return sr;
    }
}
