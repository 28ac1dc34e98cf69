package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.harness.sim.Machine;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The tests of what belongs to which file can fail: a driver that leaves out one of the bonds is found out. */
class IdentityMutantsTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));

    @Test
    void aDriverWhoseLogsGoWithTheNamesOfFilesIsFoundOut() throws IOException {
        RedoLossTest mutant = RedoLossTest.mutant(changed(IdentityMutantsTest::identityIsTheName));
        found(mutant::aLogIsNotAppliedToTheFileThatWasPutInThePlaceOfItsOwn);
    }

    @Test
    void aDriverThatNotesNoLogsIsFoundOut() throws IOException {
        RedoLossTest mutant = RedoLossTest.mutant(changed(without("create", ".catena/open/")));
        found(mutant::aLogThatIsGoneIsMissed);
    }

    @Test
    void aDriverThatKeepsTheNotesOfAcceptedLossesIsFoundOut() throws IOException {
        RedoLossTest mutant = RedoLossTest.mutant(changed(without("delete", ".catena/open/")));
        found(mutant::aLossThatIsAcceptedIsNotHeldAgainstTheFileAfterTheNextKill);
    }

    @Test
    void aDriverThatDoesNotMarkWhatItReplacesIsFoundOut() throws IOException {
        makeAnewAndDie(UnaryOperator.identity());
        found(() -> makeAnewAndDie(changed(without("create", ".catena/replaced/"))));
    }

    private static void makeAnewAndDie(UnaryOperator<Storage> seenAs) throws IOException {
        Machine machine = new Machine(13);
        SimulatedSr sr = new SimulatedSr(machine, 13, seenAs.apply(machine.disk("sr")));
        sr.create(DISK);
        sr.reopen();
        sr.destroy(DISK);
        sr.create(DISK);
        machine.kill();
        machine.restart();
        sr.restart(false);
        SimulatedSr.require(
                sr.repository().stat().health().reasons().stream()
                        .noneMatch(reason -> reason.kind() == SrHealth.Kind.CONTRADICTION),
                "the disk is accused");
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    private static void found(Step step) {
        assertThatThrownBy(step::run).isInstanceOf(AssertionError.class);
    }

    /** Returns what a call answers instead; null if it is to happen. */
    @FunctionalInterface
    private interface Change {
        @Nullable
        Object answer(Storage storage, Method method, Object[] arguments) throws IOException;
    }

    private static Change without(String call, String place) {
        return (storage, method, arguments) -> {
            if (!method.getName().equals(call) || !String.valueOf(arguments[0]).startsWith(place)) {
                return null;
            }
            return call.equals("create") ? nowhere() : "";
        };
    }

    private static BlockFile nowhere() throws IOException {
        return new Machine(1).disk("nowhere").create("x");
    }

    private static @Nullable Object identityIsTheName(Storage storage, Method method, Object[] arguments)
            throws IOException {
        if (!method.getName().equals("info")) {
            return null;
        }
        Storage.FileInfo info = storage.info((String) arguments[0]);
        return new Storage.FileInfo(
                info.sizeBytes(), info.allocatedBytes(), info.modifiedEpochSeconds(), (String) arguments[0]);
    }

    private static UnaryOperator<Storage> changed(Change change) {
        return storage -> (Storage) Proxy.newProxyInstance(
                Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    Object answer = change.answer(storage, method, arguments);
                    if (answer != null) {
                        return method.getReturnType() == void.class ? null : answer;
                    }
                    try {
                        return method.invoke(storage, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
