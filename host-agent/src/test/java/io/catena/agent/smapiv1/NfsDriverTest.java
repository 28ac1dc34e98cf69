package io.catena.agent.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.LocationProbe;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLocation;
import io.catena.api.SrProbe;
import io.catena.api.StorageHost;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SRs on an NFS server: where the agent is told to look, to make and to attach them, and what the dialogs read. */
final class NfsDriverTest {
    private static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";
    private static final SrId ID = SrId.parse(SR);
    private static final SrLocation PLACE =
            new SrLocation("nfs", Map.of("server", "filer", "path", "/export", "directory", SR));

    private final StorageHost host = mock(StorageHost.class);
    private final DriverCalls calls =
            new DriverCalls(host, mock(JobWaiter.class), UUID::randomUUID, vdi -> Path.of("/none"));
    private final Map<String, String> config = new TreeMap<>(Map.of("server", "filer", "serverpath", "/export"));

    @BeforeEach
    void nothingIsAttached() {
        when(host.repository(any())).thenThrow(new SrException(SrError.SR_UNAVAILABLE, "not attached"));
    }

    private String run(String command) {
        Map<String, XmlRpcValue> members = Map.of(
                "device_config", XmlRpcValue.of(config),
                "sr_uuid", XmlRpcValue.of(SR),
                "vdi_uuid", XmlRpcValue.of(SR),
                "session_ref", XmlRpcValue.of("s"));
        byte[] call = new XmlRpcCall(command, List.of(new XmlRpcValue.Struct(members))).write();
        return calls.run(DriverCalls.PLUGIN, NfsPlace.TYPE, DriverOptions.DEFAULT.toOption(), ByteBuffer.wrap(call))
                .stdout();
    }

    private XmlRpcAnswer answer(String command) {
        return XmlRpcAnswer.read(run(command).getBytes(StandardCharsets.UTF_8));
    }

    private void finds(SrLocation place, SrProbe... found) {
        when(host.probe(place)).thenReturn(new LocationProbe(place, List.of(), List.of(found)));
    }

    private static SrProbe found(SrProbe.Kind kind, @Nullable SrId sr, String path, int nodes) {
        return new SrProbe(path, kind, sr, "", nodes, false, false, List.of());
    }

    @Test
    void anSrIsMadeInADirectoryOfItsOwnAndOnceOnly() {
        finds(PLACE, found(SrProbe.Kind.ABSENT, null, "/m/" + SR, 0));
        assertThat(answer("sr_create").value()).isEqualTo(XmlRpcValue.nil());
        verify(host).create(SR, PLACE, false, ID);
        verify(host).detach(ID);

        finds(PLACE, found(SrProbe.Kind.SR, ID, "/m/" + SR, 0));
        assertThat(answer("sr_create").isFault()).isFalse();
        finds(PLACE, found(SrProbe.Kind.SR, ID, "/m/" + SR, 3));
        assertThat(answer("sr_create").faultCode()).isEqualTo(42);
        finds(PLACE, found(SrProbe.Kind.OTHER, null, "/m/" + SR, 0));
        assertThat(answer("sr_create").faultCode()).isEqualTo(42);
        verify(host).create(anyString(), any(), anyBoolean(), any());
    }

    @Test
    void whatXenServersDriverMadeIsAdoptedWhereItLies() {
        finds(PLACE, found(SrProbe.Kind.ADOPTABLE, ID, "/m/" + SR, 3));
        when(host.attach(PLACE, true)).thenThrow(new SrException(SrError.SR_IN_USE, "in use"));
        assertThat(answer("vdi_attach_from_config").faultCode()).isEqualTo(16);
        verify(host).attach(PLACE, true);
    }

    @Test
    void anotherSrOrNoneIsNotAttached() {
        finds(PLACE, found(SrProbe.Kind.SR, new SrId(new UUID(1, 2)), "/m/" + SR, 3));
        assertThat(answer("vdi_attach_from_config").faultText()).contains("expected " + SR);
        finds(PLACE, found(SrProbe.Kind.ABSENT, null, "/m/" + SR, 0));
        assertThat(answer("vdi_attach_from_config").faultCode()).isEqualTo(47);
        verify(host, never()).attach(any(SrLocation.class), anyBoolean());
    }

    @Test
    void aServerThatIsAwayIsAMountError() {
        when(host.probe(PLACE)).thenThrow(new SrException(SrError.SR_UNAVAILABLE, "filer:/export cannot be reached"));
        for (String command : List.of("sr_create", "vdi_attach_from_config")) {
            XmlRpcAnswer answer = answer(command);
            assertThat(answer.faultCode()).as(command).isEqualTo(73);
            assertThat(answer.faultText()).contains("NFS mount error", "filer:/export");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "server,'',102",
        "serverpath,'',101",
        "serverpath,export,103",
        "nfsversion,3,72",
        "nfsversion,4.0,72",
    })
    void whatCannotBeMeantIsRefusedByTheNumbersThatToolsKnow(String key, String value, int fault) {
        config.put(key, value);
        assertThat(answer("sr_create").faultCode()).isEqualTo(fault);
        verify(host, never()).probe(any(SrLocation.class));
    }

    @Test
    void optionsAndVersionsReachTheMount() {
        config.putAll(Map.of("options", "nconnect=4", "nfsversion", "4.1", "server", "fe80::1"));
        Map<String, String> wanted = new TreeMap<>(PLACE.config());
        wanted.putAll(Map.of("server", "[fe80::1]", "vers", "4.1", "options", "nconnect=4"));
        SrLocation place = new SrLocation("nfs", wanted);
        finds(place, found(SrProbe.Kind.ABSENT, null, "/m/" + SR, 0));
        assertThat(answer("sr_create").isFault()).isFalse();
        verify(host).create(SR, place, false, ID);
    }

    /** Xen Orchestra takes the exports from the third parameter of XAPI's error, which is the driver's standard error. */
    @Test
    void aProbeWithoutAPathIsAFaultThatComesWithTheExports() {
        config.remove("serverpath");
        SrLocation server = new SrLocation("nfs", Map.of("server", "filer"));
        when(host.probe(server)).thenReturn(new LocationProbe(server, List.of("/export/one", "/a&b"), List.of()));
        String[] parts = run("sr_probe").split("\0", -1);
        assertThat(parts).hasSize(2);
        assertThat(parts[0])
                .startsWith("<?xml")
                .containsPattern("<Export>\\s*<Target>\\s*filer\\s*</Target>\\s*<Path>\\s*/export/one\\s*</Path>")
                .containsPattern("<Path>\\s*/a&amp;b\\s*</Path>\\s*<Accesslist>\\s*\\*\\s*</Accesslist>")
                .endsWith("</nfs-exports>\n");
        assertThat(XmlRpcAnswer.read(parts[1].getBytes(StandardCharsets.UTF_8)).faultCode())
                .isEqualTo(101);

        when(host.probe(server)).thenThrow(new SrException(SrError.SR_UNAVAILABLE, "no answer"));
        assertThat(answer("sr_probe").faultCode()).isEqualTo(108);
    }

    @Test
    void aProbeOfAnExportTellsTheSrsAndForWhomAsksTheVersions() {
        SrLocation export = new SrLocation("nfs", Map.of("server", "filer", "path", "/export"));
        String adoptable = "0ec0ffee-0000-4000-8000-000000000001";
        finds(
                export,
                found(SrProbe.Kind.SR, ID, "/m/" + SR, 3),
                found(SrProbe.Kind.ADOPTABLE, null, "/m/" + adoptable, 1),
                found(SrProbe.Kind.ADOPTABLE, null, "/m/photos", 1));
        String told = answer("sr_probe").value().asText();
        assertThat(told)
                .containsPattern("<SRlist>\\s*<SR>\\s*<UUID>\\s*" + adoptable + "\\s*</UUID>\\s*</SR>\\s*<SR>")
                .contains(SR)
                .doesNotContain("photos", "Version");
        config.put("probeversion", "");
        assertThat(answer("sr_probe").value().asText())
                .containsPattern("<SupportedVersions>\\s*<Version>\\s*4\\s*</Version>");
    }
}
