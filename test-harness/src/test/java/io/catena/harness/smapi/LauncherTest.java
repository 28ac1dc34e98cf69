package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The executables as files and processes: installed, wrapped, with an agent that is away. */
@Tag("slow")
final class LauncherTest extends SmapiTest {
    @Test
    void bytesPassAsTheyAre() throws IOException {
        createSr();
        String name = "ä\u2028\"\\\n$(x)`y`%s\u20ac\ud83d\ude00 '' end  ";
        String key = text(createVolume(name, 1 << 20), "key");
        assertThat(text(stat(key), "name")).isEqualTo(name);
        String value = "x".repeat(60_000);
        ok("Volume.set", "sr", SR, "key", key, "k", "long", "v", value);
        String tooLong = "x".repeat(500_000);
        assertThat(scripts.call("Volume.set", "sr", SR, "key", key, "k", "long", "v", tooLong)
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_143")
                .anyMatch(text -> text.contains("expected at most 65536"));
        assertThat(stat(key).getAsJsonObject("keys").get("long").getAsString()).isEqualTo(value);
    }

    /** As xen-api's observer does it: it runs whatever it is given as Python, in its own process. */
    @Test
    void aTracingWrapperThatTakesEveryProgramForPythonRunsIt() throws IOException {
        StorageScripts traced = scripts.wrapped(
                "python3",
                "-c",
                "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')");
        assertThat(text(traced.call("Plugin.Query").result().getAsJsonObject(), "plugin"))
                .isEqualTo("catena");
        assertThat(traced.call("SR.stat", "sr", SR).failure()).contains("Sr_not_attached");
    }

    @Test
    void withoutAnAgentACallFailsInFormAndSoon() throws IOException {
        agent.terminate();
        long start = System.nanoTime();
        assertThat(scripts.call("SR.ls", "sr", SR).failure())
                .startsWith("SR_BACKEND_FAILURE_47", "The agent cannot be reached");
        agent.restart();
        agent.kill9();
        assertThat(scripts.call("SR.ls", "sr", SR).failure()).startsWith("SR_BACKEND_FAILURE_47");
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
    }

    @Test
    void aCallThatMeetsARestartWaitsForTheNewAgent() throws Exception {
        createSr();
        agent.kill9();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<ScriptReply> reply = thread.submit(() -> {
                ScriptReply last = scripts.call("SR.stat", "sr", SR);
                // The start of a JVM on a loaded machine may take longer than a launcher waits for a sign of it.
                for (int i = 0; i < 10 && last.exitCode() != 0; i++) {
                    last = scripts.call("SR.stat", "sr", SR);
                }
                return last;
            });
            agent.restart();
            assertThat(text(reply.get(1, TimeUnit.MINUTES).result().getAsJsonObject(), "sr"))
                    .isEqualTo(SR);
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        } finally {
            thread.shutdown();
        }
    }

    @Test
    void anInstallationIsReplacedInPlaceAndRemovedWithoutATrace() throws IOException {
        Path root = directory.resolve("root");
        List<String> files = files(root);
        assertThat(files).contains("volume/org.xen.xapi.storage.catena/Volume.stat", "datapath/catena/Datapath.attach");
        Path stale = root.resolve("datapath/catena/Datapath.gone");
        Files.createSymbolicLink(stale, Path.of("catena-launcher"));
        Path foreign = Files.writeString(root.resolve("volume/other"), "x");
        Object before = Files.getAttribute(root.resolve("datapath/catena"), "unix:ino");

        agent.cli("smapi", "install", "--root", root.toString(), "--xen-backend", "none");
        assertThat(Files.getAttribute(root.resolve("datapath/catena"), "unix:ino"))
                .isEqualTo(before);
        assertThat(stale).doesNotExist();
        Files.delete(foreign);
        assertThat(files(root)).isEqualTo(files);

        Files.writeString(root.resolve("datapath/catena/README"), "mine");
        Outcome outcome = agent.cli("smapi", "uninstall", "--root", root.toString());
        assertThat(outcome.json().getAsJsonObject().get("kept").getAsString())
                .isEqualTo(root.resolve("datapath/catena").toString());
        assertThat(files(root)).containsExactly("datapath/catena/README");
        assertThat(root.resolve("volume")).isEmptyDirectory();
        agent.cli("smapi", "uninstall", "--root", root.toString());
    }

    @Test
    void withoutXenADiskIsReachedByNbdAlone() throws IOException {
        createSr();
        String key = text(createVolume("d", 1 << 20), "key");
        agent.cli("smapi", "install", "--root", directory.resolve("root").toString(), "--xen-backend", "none");
        ScriptReply reply = scripts.call("Datapath.attach", "uri", uri(key), "domain", "1");
        assertThat(reply.result().toString())
                .isEqualTo("{\"implementations\":[[\"Nbd\",{\"uri\":\"nbd:unix:"
                        + agent.runDirectory().resolve("nbd.sock") + ":exportname=" + key + "\"}]]}");
    }

    @Test
    void aPluginHasTheVersionOfTheProgram() throws IOException {
        String version = text(scripts.call("Plugin.Query").result().getAsJsonObject(), "version");
        assertThat(version).matches("[0-9]+\\.[0-9]+\\..*");
        assertThat(agent.tryCli("--version").stdout()).isEqualTo("catena " + version + "\n");
        assertThat(scripts.call("Plugin.diagnostics").result().getAsString()).startsWith("Catena " + version + "\n");
    }

    @Test
    void aNameThatAShellWouldReadIsRefused() throws IOException {
        Outcome outcome = agent.tryCli(
                "smapi", "install", "--root", directory.resolve("root").toString(), "--xen-backend", "x\"; rm -rf");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.stdout()).contains("BAD_REQUEST");
    }

    @Test
    void aMethodIsNamedByItsLinkInAnyCase() throws IOException {
        Path link = directory.resolve("root/volume/org.xen.xapi.storage.catena/plugin.query");
        Files.createSymbolicLink(link, Path.of("catena-launcher"));
        ScriptReply reply = scripts.run("Plugin.Query", link, "{\"dbg\":\"\"}".getBytes(StandardCharsets.UTF_8));
        assertThat(text(reply.result().getAsJsonObject(), "required_api_version"))
                .isEqualTo("5.0");
    }

    private static List<String> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(file -> !Files.isDirectory(file))
                    .map(file -> root.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
