package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.client.ControlClient;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.check.CheckOptions;
import io.catena.check.VhdCheck;
import io.catena.check.finding.Finding;
import io.catena.check.finding.Report;
import io.catena.check.finding.Severity;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What XenServer's own test program does with an SR, as the calls that XAPI makes of it; and a move of an SR to Catena and back. */
@Tag("slow")
final class ProductTest extends DriverTest {
    @BeforeEach
    void quick() {
        takeShortCuts();
    }

    @Test
    void disksAreMadeAndDestroyedWithoutALeak() throws IOException {
        createSr();
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            made.add(create("quicktest " + i, (4 + i) * MIB + i));
        }
        assertThat(managed()).containsExactlyInAnyOrderElementsOf(made);
        for (String disk : made) {
            nil(vdi("vdi_update", disk));
            nil(vdi("vdi_delete", disk));
        }
        nil(driver.sr("sr_scan"));
        assertThat(rows()).isEmpty();
        nil(driver.sr("sr_delete"));
    }

    @Test
    void disksGrowByMebibytesAndNeverShrink() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 9);
        for (long size = 5 * MIB; size <= 8 * MIB; size += MIB) {
            ok(vdi("vdi_resize", disk, Long.toString(size)));
            long told = Long.parseLong(row(disk).member("virtual_size").asText());
            assertThat(told).isBetween(size, size + 2 * MIB - 1);
            try (NbdClient guest = activated(disk)) {
                assertThat(guest.sizeBytes()).isEqualTo(told);
            }
            nil(vdi("vdi_deactivate", disk));
        }
        fault(vdi("vdi_resize", disk, "4194304"), 79, "shrinking not allowed");
        assertThat(read(disk, 0)).isEqualTo((byte) 9);
    }

    @Test
    void aDiskOfAUuidThatIsThereIsNotMade() throws IOException {
        createSr();
        String uuid = "0ec0ffee-0000-4000-8000-000000000001";
        create("d", 4 * MIB, Map.of("vdi_uuid", uuid));
        XmlRpcAnswer again = driver.call("vdi_create", creation(Map.of("vdi_uuid", uuid)), creationArgs("d", 4 * MIB));
        fault(again, 43);
        fault(driver.vdi("vdi_introduce", uuid, ref(uuid), Map.of("new_uuid", uuid)), 38);
        assertThat(managed()).containsExactly(uuid);
    }

    /** The plug is a guest's view; its checksum is that of the whole disk by a reader of our own. */
    @Test
    void aClonePluggedReadsAsItsSourceAndStaysApart() throws IOException {
        createSr();
        String disk = create("d", 6 * MIB);
        write(disk, 0, (byte) 1);
        write(disk, 5 * MIB, (byte) 2);
        String before = digest(disk);
        String clone = cut("vdi_clone", disk);
        assertThat(digest(clone)).isEqualTo(before);
        write(clone, MIB, (byte) 3);
        assertThat(digest(disk)).isEqualTo(before);
        assertThat(digest(clone)).isNotEqualTo(before);
    }

    @Test
    void keysSwitchCollectionOff() throws IOException {
        createSr();
        otherConfig(Map.of("gc", "false", "coalesce", "false", "leaf-coalesce", "false"));
        nil(driver.sr("sr_scan"));
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        String base = row(disk).member("sm_config").member("vhd-parent").asText();
        nil(vdi("vdi_delete", snapshot));
        nil(vdi("vdi_delete", disk));
        nil(driver.sr("sr_scan"));
        assertThat(srDirectory().resolve(base + ".vhd")).exists();
        otherConfig(Map.of("gc", "true"));
        nil(driver.sr("sr_scan"));
        nil(driver.sr("sr_delete"));
        assertThat(srDirectory().resolve(base + ".vhd")).doesNotExist();
    }

    @Test
    void aDisksOwnKeyKeepsItFromBeingMergedUntilItGoes() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        write(disk, MIB, (byte) 2);
        xapi.database().set("VDI", ref(disk), "other_config", Map.of("leaf-coalesce", "false"));
        nil(driver.sr("sr_scan"));
        nil(vdi("vdi_delete", snapshot));
        collect();
        assertThat(smConfig(disk)).containsKey("vhd-parent");

        xapi.database().set("VDI", ref(disk), "other_config", Map.of("leaf-coalesce", "force"));
        nil(driver.sr("sr_scan"));
        assertThat(row(disk).member("other_config").asTextMap()).isEmpty();
        collect();
        assertThat(smConfig(disk)).isEmpty();
        assertThat(read(disk, 0)).isEqualTo((byte) 1);
        assertThat(read(disk, MIB)).isEqualTo((byte) 2);
    }

    /** Waits for a run of garbage collection, and lets XAPI know. */
    private void collect() throws IOException {
        String job = control()
                .post("/v1/srs/" + SR + "/gc")
                .getAsJsonObject()
                .get("job")
                .getAsString();
        while (control().get("/v1/jobs/" + job).getAsJsonObject().get("ended") == null) {
            LockSupport.parkNanos(1_000_000);
        }
        nil(driver.sr("sr_scan"));
    }

    @Test
    void aProbeFindsTheSrsOfADirectory() throws IOException {
        createSr();
        SmDriver above = SmDriver.withoutLauncher(
                directory.resolve("run/agent.sock"), options(), SR, Map.of("location", directory.toString()));
        assertThat(ok(above.sr("sr_probe")).asText()).containsPattern("<UUID>\\s*" + SR + "\\s*</UUID>");
    }

    /** What XenServer's driver made, here its layout, is attached under its UUID, used, and given back as it was. */
    @Test
    void anSrThatOthersMadeComesAndGoesUnchanged() throws IOException {
        createSr();
        otherConfig(Map.of("gc", "false"));
        nil(driver.sr("sr_scan"));
        String disk = create("d", 6 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        nil(vdi("vdi_update", snapshot));
        write(disk, 0, (byte) 2);
        nil(driver.sr("sr_detach"));
        deleteOwnFiles();
        Map<String, String> digests = digests();
        Map<String, List<Finding>> verdicts = verdicts();
        Map<String, Set<String>> rows = comparable();
        forgetRows();

        // It looks as if the SR's file system were not mounted.
        fault(driver.sr("sr_attach"), 47, "catena sr forget");
        control().post("/v1/srs/" + SR + "/forget");
        nil(driver.sr("sr_attach"));
        assertThat(read(disk, 0)).isEqualTo((byte) 2);
        assertThat(read(snapshot, 0)).isEqualTo((byte) 1);
        nil(driver.sr("sr_scan"));
        assertThat(comparable()).isEqualTo(rows);
        nil(driver.sr("sr_detach"));
        deleteOwnFiles();
        assertThat(digests()).isEqualTo(digests);
        assertThat(verdicts()).isEqualTo(verdicts);
    }

    /** Returns what a check says of each file. */
    private Map<String, List<Finding>> verdicts() throws IOException {
        Map<String, List<Finding>> verdicts = new TreeMap<>();
        FileStorage storage = new FileStorage(srDirectory());
        for (String file : digests().keySet()) {
            Report report = new VhdCheck(storage, Clock.systemUTC()).check(file, CheckOptions.THOROUGH);
            assertThat(report.findings()).as(file).allMatch(finding -> finding.severity() == Severity.NOTE);
            verdicts.put(file, report.findings());
        }
        return verdicts;
    }

    private ControlClient control() {
        return new ControlClient(directory.resolve("run/agent.sock"), Duration.ofSeconds(60));
    }

    /** As XAPI does when it forgets an SR. */
    private void forgetRows() {
        for (String disk : Set.copyOf(rows().keySet())) {
            xapi.database().call("VDI", "db_forget", List.of(XmlRpcValue.of(ref(disk))));
        }
        assertThat(rows()).isEmpty();
    }

    private void deleteOwnFiles() throws IOException {
        try (Stream<Path> files = Files.walk(srDirectory().resolve(".catena"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Returns what XAPI says of each disk. */
    private Map<String, Set<String>> comparable() {
        Map<String, Set<String>> result = new TreeMap<>();
        rows().forEach((uuid, row) -> result.put(
                uuid,
                new TreeSet<>(Set.of(
                        "managed " + row.member("managed").asFlag(),
                        "size " + row.member("virtual_size").asText(),
                        "config " + row.member("sm_config").asTextMap()))));
        return result;
    }

    private Map<String, String> digests() throws IOException {
        Map<String, String> digests = new HashMap<>();
        try (Stream<Path> files = Files.list(srDirectory())) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".vhd")).toList()) {
                digests.put(String.valueOf(file.getFileName()), ReferenceReader.sha256(file));
            }
        }
        return digests;
    }

    private String digest(String disk) throws IOException {
        return ReferenceReader.sha256(srDirectory().resolve(disk + ".vhd"));
    }

    private NbdClient activated(String disk) throws IOException {
        nil(vdi("vdi_activate", disk, "false"));
        return guest(disk);
    }
}
