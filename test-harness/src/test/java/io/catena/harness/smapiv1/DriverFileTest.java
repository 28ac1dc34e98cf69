package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.smapiv1.DriverInstallation;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrException;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver as a file and a process: installed, loaded by others, with an agent that is away. */
@Tag("slow")
final class DriverFileTest extends DriverTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    @Test
    void theDriverTellsOfItselfWhileNoAgentRuns() throws IOException {
        agent.close();
        XmlRpcValue info = ok(driver.call("sr_get_driver_info", Map.of()));
        assertThat(info.asStruct().keySet())
                .containsExactly(
                        "name",
                        "description",
                        "vendor",
                        "copyright",
                        "driver_version",
                        "required_api_version",
                        "capabilities",
                        "configuration");
        assertThat(info.member("capabilities").asTexts()).contains("SR_PROBE", "ATOMIC_PAUSE", "VDI_SNAPSHOT");
        assertThat(info.member("configuration").asItems().get(0).asTextMap()).containsEntry("key", "location");
    }

    /** XAPI forgets disks that a scan leaves out; an agent that is away must not look like an SR without disks. */
    @Test
    void withoutAnAgentACallIsAFaultInFormAndSoon() throws IOException {
        createSr();
        String disk = create("d", 4 * MIB);
        agent.close();
        // The process that the lock names lives on: it runs this test.
        Files.delete(directory.resolve("run/agent.lock"));
        long start = System.nanoTime();
        fault(driver.sr("sr_scan"), 47, "The SR is not available", "catena agent");
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
        fault(driver.sr("vdi_create"), 47);
        assertThat(rows()).containsKey(disk);
        agent = startAgent();
        nil(driver.sr("sr_scan"));
        assertThat(rows()).containsKey(disk);
    }

    @Test
    void badCallsAreRefusedAsOtherDriversDo() throws IOException {
        Path file = directory.resolve("sm/CatenaSR");
        for (List<String> arguments : List.of(List.<String>of(), List.of("a", "b"))) {
            List<String> command = new ArrayList<>(List.of(file.toString()));
            command.addAll(arguments);
            Outcome outcome = Programs.run(DEADLINE, command.toArray(String[]::new));
            assertThat(outcome.stdout()).contains("<int>143</int>").endsWith("</methodResponse>\n\n");
        }
        fault(driver.run("<nonsense"), 143, "Failed to parse the request");
        fault(driver.run("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><methodCall>&b;</methodCall>"), 143);
    }

    @Test
    void namesPassAsTheyAreInAnyLocale() throws IOException {
        createSr();
        String name = "ä\u2028\"\\\n$(x)`y` <&> ]]> \u20ac\ud83d\ude00 end ";
        String request = driver.request("vdi_create", creation(Map.of()), creationArgs(name, 4 * MIB));
        Outcome outcome = Programs.run(
                DEADLINE,
                "env",
                "-i",
                "LC_ALL=C",
                directory.resolve("sm/CatenaSR").toString(),
                request);
        assertThat(outcome.stdout()).contains("<name>uuid</name>");
        assertThat(rows().values().iterator().next().member("name_label").asText())
                .isEqualTo(name);
    }

    /** Plugins of XenServer's manager load the file that XAPI names for a type of SR, and look for its class. */
    @Test
    void sharedPluginsCanLoadTheDriverAsPython() throws IOException {
        Path modules = Files.createDirectories(directory.resolve("modules"));
        Files.writeString(modules.resolve("SR.py"), """
                DRIVERS = []
                def registerSR(c): DRIVERS.append(c)
                class SR(object):
                    def __init__(self, dconf, uuid): self.dconf = dconf; self.uuid = uuid; self.load(uuid)
                """);
        Files.writeString(modules.resolve("VDI.py"), """
                class VDI(object):
                    def __init__(self, sr, uuid): self.sr = sr; self.load(uuid)
                """);
        String program = """
                import importlib.machinery, importlib.util, sys
                sys.path.insert(0, sys.argv[1])
                loader = importlib.machinery.SourceFileLoader("CatenaSR", sys.argv[2])
                spec = importlib.util.spec_from_loader("CatenaSR", loader)
                module = importlib.util.module_from_spec(spec)
                loader.exec_module(module)
                import SR
                driver, = [d for d in SR.DRIVERS if d.handles("catena")]
                vdi = driver({"location": "/x"}, "sr").vdi("u")
                print(vdi.path, module.DRIVER_INFO["name"], driver.handles("ext"))
                """;
        Outcome outcome = Programs.run(
                DEADLINE,
                "/usr/bin/python3",
                "-c",
                program,
                modules.toString(),
                directory.resolve("sm/CatenaSR").toString());
        assertThat(outcome.stdout().strip()).isEqualTo(directory.resolve("run") + "/disk/u Catena False");
    }

    /** Not all that is newer is found like that, but what is most often written. */
    @Test
    void theDriverIsPythonAsOldAsThatOfAHostOfXenServer() throws IOException {
        String program = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 6))";
        for (String file : List.of("CatenaSR", "CatenaNFSSR")) {
            String path = directory.resolve("sm").resolve(file).toString();
            assertThat(Programs.run(DEADLINE, "/usr/bin/python3", "-c", program, path)
                            .exitCode())
                    .isZero();
        }
        Path newer = Files.writeString(directory.resolve("newer.py"), "while (line := input()):\n    pass\n");
        assertThat(Programs.tryRun(DEADLINE, "/usr/bin/python3", "-c", program, newer.toString())
                        .exitCode())
                .isNotZero();
    }

    @Test
    void anInstallationIsReplacedAndRemovedAndOthersFilesStay() throws IOException {
        Path root = directory.resolve("sm");
        install();
        assertThat(root).isDirectoryContaining("glob:**/CatenaSR");
        Path foreign = Files.writeString(root.resolve("FileSR"), "mine");
        assertThat(new DriverInstallation(root).uninstall()).isEmpty();
        assertThat(root.toFile().list()).containsExactly("FileSR");
        Files.move(foreign, root.resolve("CatenaSR"));
        assertThatThrownBy(this::install).isInstanceOf(SrException.class).hasMessageContaining("did not make");
        assertThat(new DriverInstallation(root).uninstall()).containsExactly(root.resolve("CatenaSR"));
    }

    @Test
    void aRunDirectoryThatPythonWouldReadIsRefused() throws IOException {
        DriverInstallation installation = new DriverInstallation(directory.resolve("sm"));
        assertThatThrownBy(() -> installation.install(Path.of("/run/a\"; b"), DriverOptions.DEFAULT))
                .isInstanceOf(SrException.class);
    }
}
