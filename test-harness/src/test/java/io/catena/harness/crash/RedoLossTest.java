package io.catena.harness.crash;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrHealth.Kind;
import io.catena.api.VdiId;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Redo logs are applied to the very files that they were written for, and one that is gone is missed. */
class RedoLossTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final VdiId OTHER = new VdiId(new UUID(5, 1));
    private static final String FILE = DISK + ".vhd";

    private final Machine machine = new Machine(11);
    private final SimulatedStorage disk = machine.disk("sr");
    private final SimulatedStorage run = machine.tmpfs("run");
    private UnaryOperator<Storage> seenAs = UnaryOperator.identity();
    private SimulatedSr sr;
    private byte[] empty = {};
    private byte[] backup = {};
    private byte[] backedUp = {};

    /** Returns this test of an agent that sees its disk another way. */
    static RedoLossTest mutant(UnaryOperator<Storage> disk) throws IOException {
        RedoLossTest test = new RedoLossTest();
        test.seenAs = disk;
        test.kill();
        return test;
    }

    /** A guest wrote, flushed, was backed up, and wrote more when the agent died. */
    @BeforeEach
    void kill() throws IOException {
        sr = new SimulatedSr(machine, 11, seenAs.apply(disk));
        for (VdiId vdi : new VdiId[] {DISK, OTHER}) {
            sr.create(vdi);
            empty = vdi.equals(DISK) ? bytes(disk, FILE) : empty;
            sr.attach(vdi);
            sr.write(vdi);
        }
        sr.detach(DISK);
        backup = bytes(disk, FILE);
        backedUp = sr.content(DISK);
        sr.attach(DISK);
        for (int i = 0; i < 20; i++) {
            sr.write(DISK);
        }
        machine.kill();
        machine.restart();
    }

    @Test
    void aLogIsNotAppliedToTheFileThatWasPutInThePlaceOfItsOwn() throws IOException {
        disk.delete(FILE);
        put(disk, FILE, backup);
        sr.restart(false);
        checkLossIsRefusedUntilAccepted();
        assertThat(sr.content(DISK)).isEqualTo(backedUp);
    }

    @Test
    void aLogIsNotAppliedToAFileThatWasOverwrittenByAShorterOne() throws IOException {
        overwrite(empty);
        sr.restart(false);
        checkLossIsRefusedUntilAccepted();
        assertThat(sr.content(DISK)).containsOnly(0);
    }

    @Test
    void aLogIsNotAppliedToAFileThatHoldsAnotherDiskByNow() throws IOException {
        byte[] others = bytes(disk, OTHER + ".vhd");
        disk.delete(OTHER + ".vhd");
        overwrite(others);
        sr.restart(false);
        assertThat(kinds()).contains(Kind.LOST_REDO_LOG);
        assertThatThrownBy(() -> sr.attach(DISK))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("redo log");
    }

    @Test
    void aLogThatIsGoneIsMissed() throws IOException {
        emptyRunDirectory();
        sr.restart(false);
        checkLossIsRefusedUntilAccepted();
    }

    @Test
    void aLossThatIsAcceptedIsNotHeldAgainstTheFileAfterTheNextKill() throws IOException {
        disk.delete(FILE);
        put(disk, FILE, backup);
        sr.restart(false);
        sr.repository().acceptLoss();
        machine.kill();
        machine.restart();
        sr.restart(false);
        assertThat(kinds()).isEmpty();
        assertThat(sr.content(DISK)).isEqualTo(backedUp);
    }

    /** The log goes with the base copy that took the leaf's place, and is missed under the name that this has now. */
    @Test
    void aLogIsMissedUnderTheNameThatItsFileGotAtTheEndOfADrain() throws IOException {
        disk.delete(FILE);
        put(disk, FILE, backup);
        sr.restart(false);
        sr.repository().acceptLoss();
        sr.attach(DISK);
        sr.write(DISK);
        sr.destroy(sr.snapshot(DISK));
        sr.collectGarbage();
        assertThat(sr.depth(DISK)).isEqualTo(1);
        sr.write(DISK);
        machine.kill();
        machine.restart();
        disk.delete(FILE);
        put(disk, FILE, backup);
        sr.restart(false);
        checkLossIsRefusedUntilAccepted();
    }

    /** The agent died in the middle of something, and its directory was copied; the original is attached later. */
    @Test
    void aCopyLeavesTheLogsOfItsOriginalAloneThoughItHasAnOperationToComplete() throws IOException {
        byte[] journal =
                ("{\"operation\":\"Remove\",\"node\":\"" + new UUID(5, 2) + ".vhd\",\"records\":[]}").getBytes(UTF_8);
        put(disk, ".catena/journal/operation.json", journal);
        SortedMap<String, byte[]> logs = logs();
        disk.rename(FILE, "original");
        put(disk, FILE, backup);
        sr.restart(false);
        checkLossIsRefusedUntilAccepted();
        machine.kill();
        machine.restart();
        sr.restart(false);
        assertThat(kinds()).isEmpty();
        assertThat(logs()).containsAllEntriesOf(logsOf("original", logs));
    }

    @Test
    void theRightRunDirectoryBringsBackWhatWasMissed() throws IOException {
        SortedMap<String, byte[]> logs = emptyRunDirectory();
        assertThat(logs).isNotEmpty();
        sr.restart(false);
        assertThatThrownBy(() -> sr.attach(DISK)).isInstanceOf(SrException.class);
        machine.kill();
        machine.restart();
        emptyRunDirectory();
        for (String name : logs.keySet()) {
            put(run, name, logs.get(name));
        }
        sr.restart(false);
        assertThat(kinds()).isEmpty();
        sr.model(DISK).check(sr.content(DISK));
        sr.model(OTHER).check(sr.content(OTHER));
    }

    @Test
    void noLogIsMissedAfterTheHostWasStartedAnew() throws IOException {
        emptyRunDirectory();
        sr.restart(true);
        assertThat(kinds()).isEmpty();
        sr.attach(DISK);
        sr.reopen();
        assertThat(disk.list(".catena/open")).isEmpty();
    }

    @Test
    void aFullRunDirectoryCostsFlushesAndNoWrite() throws IOException {
        sr.restart(false);
        sr.attach(DISK);
        run.fullAfter(0);
        for (int i = 0; i < 20; i++) {
            sr.write(DISK);
        }
        sr.zero(DISK);
        machine.kill();
        machine.restart();
        emptyRunDirectoryButNotItsNames();
        sr.restart(false);
        assertThat(kinds()).isEmpty();
        sr.model(DISK).check(sr.content(DISK));
    }

    private void checkLossIsRefusedUntilAccepted() throws IOException {
        assertThat(kinds()).contains(Kind.LOST_REDO_LOG);
        assertThatThrownBy(() -> sr.attach(DISK))
                .isInstanceOfSatisfying(
                        SrException.class,
                        e -> assertThat(e.advice()).asString().contains("acceptLoss"));
        assertThatThrownBy(() -> sr.snapshot(DISK)).isInstanceOf(SrException.class);
        sr.reopen();
        assertThat(kinds()).contains(Kind.LOST_REDO_LOG);
        sr.repository().acceptLoss();
        assertThat(kinds()).isEmpty();
        byte[] accepted = sr.content(DISK);
        sr.reopen();
        assertThat(kinds()).isEmpty();
        assertThat(sr.content(DISK)).isEqualTo(accepted);
    }

    private List<Kind> kinds() {
        return sr.repository().stat().health().reasons().stream()
                .map(SrHealth.Reason::kind)
                .toList();
    }

    private SortedMap<String, byte[]> emptyRunDirectory() throws IOException {
        SortedMap<String, byte[]> logs = logs();
        for (String name : logs.keySet()) {
            run.delete(name);
        }
        return logs;
    }

    private SortedMap<String, byte[]> logs() throws IOException {
        SortedMap<String, byte[]> logs = new TreeMap<>();
        for (String directory : run.directories("")) {
            for (String name : run.list(directory)) {
                logs.put(name, bytes(run, name));
            }
        }
        return logs;
    }

    private SortedMap<String, byte[]> logsOf(String file, SortedMap<String, byte[]> logs) throws IOException {
        String id = UUID.nameUUIDFromBytes(disk.info(file).identity().getBytes(UTF_8))
                .toString();
        SortedMap<String, byte[]> own = new TreeMap<>(logs);
        own.keySet().removeIf(name -> !name.contains(id));
        assertThat(own).hasSize(2);
        return own;
    }

    /** What was answered must not need them. */
    private void emptyRunDirectoryButNotItsNames() throws IOException {
        for (String name : emptyRunDirectory().keySet()) {
            run.create(name).close();
        }
    }

    private void overwrite(byte[] bytes) throws IOException {
        try (BlockFile file = disk.open(FILE)) {
            file.truncate(0);
            file.write(0, ByteBuffer.wrap(bytes));
        }
    }

    private static void put(SimulatedStorage storage, String name, byte[] bytes) throws IOException {
        try (BlockFile file = storage.create(name)) {
            file.write(0, ByteBuffer.wrap(bytes));
        }
    }

    private static byte[] bytes(SimulatedStorage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.readFully(0, bytes);
            return bytes.array();
        }
    }
}
