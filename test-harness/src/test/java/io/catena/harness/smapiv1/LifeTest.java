package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.NbdClient;
import io.catena.store.FileStorage;
import io.catena.tool.VhdInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An SR and its disks from beginning to end, through the real launcher, with a guest behind a tapdisk. */
@Tag("slow")
final class LifeTest extends DriverTest {
    @Test
    void aDiskIsMadeWrittenCutRevertedAndDeleted() throws IOException {
        createSr();
        String disk = create("d", 16 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        write(disk, 0, (byte) 2);
        String clone = cut("vdi_clone", snapshot);
        write(clone, 0, (byte) 3);
        assertThat(read(disk, 0)).isEqualTo((byte) 2);
        assertThat(read(snapshot, 0)).isEqualTo((byte) 1);
        assertThat(read(clone, 0)).isEqualTo((byte) 3);

        String base = row(disk).member("sm_config").member("vhd-parent").asText();
        assertThat(smConfig(snapshot)).containsEntry("vhd-parent", base);
        assertThat(row(base).member("managed").asFlag()).isFalse();
        assertThat(row(base).member("read_only").asFlag()).isTrue();
        assertThat(managed()).containsExactlyInAnyOrder(disk, snapshot, clone);

        nil(driver.vdi("vdi_revert", snapshot, ref(snapshot), ref(disk)));
        assertThat(read(disk, 0)).isEqualTo((byte) 1);

        for (String vdi : new String[] {disk, snapshot, clone}) {
            nil(vdi("vdi_delete", vdi));
        }
        nil(driver.sr("sr_scan"));
        assertThat(managed()).isEmpty();
        nil(driver.sr("sr_delete"));
        assertThat(rows()).isEmpty();
        nil(driver.sr("sr_delete"));
        createSr();
    }

    @Test
    void attachTellsWhatXapiReadsAndActivateLetsGuestsIn() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        XmlRpcValue told = ok(vdi("vdi_attach", disk, "true"));
        assertThat(told.asStruct().keySet())
                .containsExactly("params_nbd", "o_direct", "o_direct_reason", "xenstore_data");
        String link = tapdisks.links() + "/" + SR + "/" + disk;
        assertThat(told.member("params_nbd").asText()).isEqualTo("nbd:unix:" + link + ":exportname=" + disk);
        assertThat(told.member("xenstore_data").asTextMap()).containsEntry("vdi-uuid", disk);
        assertThat(tapdisks.pids()).isEmpty();

        nil(vdi("vdi_activate", disk, "true"));
        nil(vdi("vdi_activate", disk, "true"));
        assertThat(smConfig(disk)).isEqualTo(Map.of("host_" + HOST_REF, "RW"));
        long pid = tapdisks.pids().get(0);
        assertThat(tapdisks.links().resolve(SR).resolve(disk).toRealPath().getFileName())
                .hasToString("nbd" + pid + ".0");
        nil(vdi("vdi_deactivate", disk));
        nil(vdi("vdi_deactivate", disk));
        assertThat(smConfig(disk)).isEmpty();
        assertThat(tapdisks.pids()).isEmpty();
        assertThat(tapdisks.links().resolve(SR)).isEmptyDirectory();
    }

    @Test
    void aGuestGoesOnAfterARestartOfTheAgent() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 7);
        nil(vdi("vdi_activate", disk, "true"));
        agent.close();
        agent = startAgent();
        nil(vdi("vdi_activate", disk, "true"));
        try (NbdClient guest = guest(disk)) {
            assertThat(guest.read(0, 8192)[0]).isEqualTo((byte) 7);
        }
    }

    @Test
    void anActivationThatFailsLeavesNothing() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        tapdisks.setBroken(true);
        fault(vdi("vdi_activate", disk, "true"), 453);
        assertThat(smConfig(disk)).isEmpty();
        tapdisks.setBroken(false);
        write(disk, 0, (byte) 1);
    }

    @Test
    void whatOthersDidToTheDirectoryIsToldByAScan() throws IOException {
        createSr();
        String kept = create("kept", 4 * MIB);
        String gone = create("gone", 4 * MIB);
        nil(driver.sr("sr_detach"));
        Files.delete(srDirectory().resolve(gone + ".vhd"));
        fault(driver.sr("sr_scan"), 47);
        assertThat(managed()).containsExactlyInAnyOrder(kept, gone);
        nil(driver.sr("sr_attach"));
        assertThat(managed()).containsExactly(kept);
        assertThat(xapi.database()
                        .table("SR")
                        .values()
                        .iterator()
                        .next()
                        .member("other_config")
                        .asTextMap())
                .containsEntry("dirty", "");
    }

    /** tapdisk's client never flushes, so its writes are durable when they are answered: they are in the disk's file. */
    @Test
    void whatATapdiskWroteNeedsNoFlush() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        nil(vdi("vdi_activate", disk, "true"));
        Path file = srDirectory().resolve(disk + ".vhd");
        try (NbdClient guest = guest(disk)) {
            guest.write(0, "catena".repeat(2048).substring(0, 8192).getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    .contains("catenacatena");
            VhdInfo info = VhdInfo.of(new FileStorage(srDirectory()), disk + ".vhd");
            assertThat(Objects.requireNonNull(info.blocks()).allocated()).isEqualTo(1);
        }
        nil(vdi("vdi_deactivate", disk));
    }
}
