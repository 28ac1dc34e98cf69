package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.store.FileStorage;
import io.catena.tool.VhdInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** XAPI fails while the driver writes into its database: nothing is half done, and the same call again heals what is. */
@Tag("slow")
final class XapiFailureTest extends DriverTest {
    private static final int MOST_CALLS = 12;

    /** So many calls to XAPI the commands make that change nothing else. */
    private static final int FEW_CALLS = 5;

    @BeforeEach
    void quick() throws IOException {
        takeShortCuts();
        createSr();
    }

    /** A command, to be run again and again. */
    private interface Command {
        XmlRpcAnswer run() throws IOException;
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aDiskIsMadeOrNot(StubXapi.How how) throws IOException {
        failEach(how, () -> driver.call("vdi_create", creation(Map.of()), creationArgs("d", 4 * MIB)));
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aSnapshotIsTakenOrNot(StubXapi.How how) throws IOException {
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        failEach(how, () -> driver.vdi("vdi_snapshot", disk, ref(disk), Map.of("driver_params", Map.of())));
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aDeletedDiskStaysDeleted(StubXapi.How how) throws IOException {
        for (int nth = 0; nth < 3; nth++) {
            String disk = create("d", 4 * MIB);
            String ref = ref(disk);
            failNth(how, nth);
            driver.vdi("vdi_delete", disk, ref);
            xapi.failNothing();
            nil(driver.vdi("vdi_delete", disk, ref));
            assertThat(rows()).doesNotContainKey(disk);
            assertThat(srDirectory().resolve(disk + ".vhd")).doesNotExist();
        }
    }

    /** Whatever fails of many at once: a key that was left is waited for until it can be nobody's. */
    @Test
    void anActivationIsDoneOrNot() throws Exception {
        List<Callable<Boolean>> ways = new ArrayList<>();
        for (StubXapi.How how : StubXapi.How.values()) {
            for (int nth = 0; nth < 4; nth++) {
                ways.add(activation(how, nth, create("d", 4 * MIB)));
            }
        }
        ExecutorService threads = Executors.newFixedThreadPool(ways.size());
        try {
            for (Future<Boolean> way : threads.invokeAll(ways)) {
                assertThat(way.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private Callable<Boolean> activation(StubXapi.How how, int nth, String disk) {
        return () -> {
            OneFailure first = new OneFailure(how, nth, ref(disk));
            vdi("vdi_activate", disk, "true");
            first.end();
            nil(vdi("vdi_activate", disk, "true"));
            assertThat(smConfig(disk)).as("%s of call %s", how, nth).isEqualTo(Map.of("host_" + HOST_REF, "RW"));
            OneFailure second = new OneFailure(how, nth, ref(disk));
            vdi("vdi_deactivate", disk);
            second.end();
            nil(vdi("vdi_deactivate", disk));
            assertThat(smConfig(disk)).as("%s of call %s", how, nth).isEmpty();
            return true;
        };
    }

    /** Lets one of the calls fail that concern a disk, until its end. */
    private final class OneFailure {
        private final AtomicInteger left;

        OneFailure(StubXapi.How how, int nth, String ref) {
            left = new AtomicInteger(nth);
            xapi.failNext(
                    how,
                    call -> !call.arguments().isEmpty()
                            && call.arguments().get(0).equals(XmlRpcValue.of(ref))
                            && left.getAndDecrement() == 0);
        }

        void end() {
            left.set(-1);
        }
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aCloneIsMadeOrNot(StubXapi.How how) throws IOException {
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        failEach(how, () -> driver.vdi("vdi_clone", disk, ref(disk), Map.of("driver_params", Map.of())));
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aDiskThatGrewIsToldByTheNextCall(StubXapi.How how) throws IOException {
        String disk = create("d", 4 * MIB);
        for (int nth = 0; nth < FEW_CALLS; nth++) {
            String size = Long.toString((6 + 2 * nth) * MIB);
            repeated(how, nth, () -> vdi("vdi_resize", disk, size));
            assertThat(row(disk).member("virtual_size").asText()).isEqualTo(size);
        }
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void aDiskIsRevertedAndStaysSo(StubXapi.How how) throws IOException {
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        for (int nth = 0; nth < FEW_CALLS; nth++) {
            write(disk, 0, (byte) 2);
            repeated(how, nth, () -> driver.vdi("vdi_revert", snapshot, ref(snapshot), ref(disk)));
            assertThat(read(disk, 0)).isEqualTo((byte) 1);
            nil(driver.sr("sr_scan"));
            assertThat(managed()).containsExactlyInAnyOrder(disk, snapshot);
        }
    }

    @ParameterizedTest
    @EnumSource(StubXapi.How.class)
    void whatAScanOrAnAttachLeavesOutTheNextTells(StubXapi.How how) throws IOException {
        String disk = create("d", 4 * MIB);
        for (String command : List.of("sr_scan", "sr_attach", "sr_update")) {
            for (int nth = 0; nth < FEW_CALLS; nth++) {
                xapi.database().set("VDI", ref(disk), "virtual_size", "1");
                xapi.database().set("VDI", ref(disk), "managed", false);
                xapi.database().set("SR", SR_REF, "virtual_allocation", "1");
                repeated(how, nth, () -> driver.sr(command));
                nil(driver.sr("sr_scan"));
                assertThat(row(disk).member("virtual_size").asText()).isEqualTo(Long.toString(4 * MIB));
                assertThat(managed()).containsExactly(disk);
            }
        }
    }

    /** Runs a command while one of its calls fails, and again: that goes well. */
    private void repeated(StubXapi.How how, int nth, Command command) throws IOException {
        failNth(how, nth);
        XmlRpcAnswer unusedAnswer = command.run();
        xapi.failNothing();
        XmlRpcValue unused = ok(command.run());
    }

    @Test
    void withoutXapiAScanIsAFaultAndNothingIsForgotten() throws IOException {
        String disk = create("d", 4 * MIB);
        xapi.kill();
        fault(driver.sr("sr_scan"), 154);
        fault(driver.sr("sr_update"), 154);
        xapi.restart();
        nil(driver.sr("sr_scan"));
        assertThat(managed()).containsExactly(disk);
    }

    @Test
    void aDiskPausedByOthersIsNotOpenedAndAnotherHostsDiskNeither() throws IOException {
        String disk = create("d", 4 * MIB);
        xapi.database().set("VDI", ref(disk), "sm_config", Map.of("host_OpaqueRef:other", "RW"));
        xapi.plugin("on-slave.is_open", arguments -> "True");
        fault(vdi("vdi_activate", disk, "true"), 46, "not detached cleanly");
        assertThat(smConfig(disk)).containsOnlyKeys("host_OpaqueRef:other");
        xapi.plugin("on-slave.is_open", arguments -> disk.equals(arguments.get("vdiUuid")) ? "False" : "True");
        nil(vdi("vdi_activate", disk, "true"));
        assertThat(smConfig(disk)).containsOnlyKeys("host_" + HOST_REF);
        nil(vdi("vdi_deactivate", disk));
    }

    /** Lets each call to XAPI that a command makes fail once; afterwards XAPI knows what there is. */
    private void failEach(StubXapi.How how, Command command) throws IOException {
        for (int nth = 0; nth < MOST_CALLS; nth++) {
            Set<String> before = disks();
            failNth(how, nth);
            XmlRpcAnswer first = command.run();
            boolean came = !xapi.failuresLeft();
            xapi.failNothing();
            // What only tells XAPI of sizes may fail without a fault; and XAPI may have done what it did not answer.
            assertThat(disks()).hasSize(before.size() + (first.isFault() ? 0 : 1));
            XmlRpcValue again = ok(command.run());
            nil(driver.sr("sr_scan"));
            assertThat(managed())
                    .isEqualTo(disks())
                    .contains(again.member("uuid").asText());
            if (!came) {
                return;
            }
        }
    }

    private void failNth(StubXapi.How how, int nth) {
        int[] calls = {nth};
        xapi.failNext(how, call -> calls[0]-- == 0);
    }

    /** Returns the disks that users see: those whose row or file is no base copy's. */
    private Set<String> disks() throws IOException {
        List<String> bases = rows().entrySet().stream()
                .filter(row -> !row.getValue().member("managed").asFlag())
                .map(Map.Entry::getKey)
                .toList();
        try (Stream<Path> files = Files.list(srDirectory())) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".vhd"))
                    .map(name -> name.substring(0, name.length() - 4))
                    .filter(uuid -> !bases.contains(uuid) && !isHidden(uuid))
                    .collect(Collectors.toSet());
        }
    }

    private boolean isHidden(String uuid) {
        try {
            return VhdInfo.of(new FileStorage(srDirectory()), uuid + ".vhd").hidden();
        } catch (IOException e) {
            return true;
        }
    }
}
