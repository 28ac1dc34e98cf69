package io.catena.harness.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent, watched by strace while it uses directories of an attacker, touches no file outside of them. */
@Tag("slow")
class TracedAgentTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int DIRECTORIES = Integer.getInteger("catena.directories", 6);
    private static final int TRICKS = 10;
    private static final List<String> SYSTEM = List.of(
            "/proc",
            "/sys",
            "/usr",
            "/lib",
            "/lib64",
            "/dev/urandom",
            "/dev/random",
            "/etc/group",
            "/etc/localtime",
            "/etc/nsswitch.conf",
            "/etc/passwd",
            "/etc/ld.so.cache",
            "/etc/locale.alias",
            "/sbin/ldconfig");
    private static final List<String> PROGRAM = List.of(".jar", ".so", ".class");

    /** Where native code is unpacked to. */
    private static final Pattern UNPACKED = Pattern.compile(".*/(\\.cache/JNA/.*|jna[^/]*|ffi[^/]*)");

    @TempDir
    private Path directory;

    private Path outside;
    private AgentProcess agent;
    private ControlClient api;
    private BackgroundProgram strace;

    @BeforeEach
    void start() throws IOException {
        directory = directory.toRealPath();
        Programs.require("strace");
        outside = Victims.make(Files.createDirectory(directory.resolve("outside")));
        agent = AgentProcess.startShortLived(directory.resolve("run"));
        api = new ControlClient(agent.runDirectory().resolve("agent.sock"), DEADLINE);
        warmUp();
        strace = BackgroundProgram.start(
                "strace",
                "-ff",
                "-y",
                "-s",
                "4096",
                "-e",
                "trace=file",
                "-o",
                directory.resolve("trace").toString(),
                "-p",
                Long.toString(agent.pid()));
        strace.awaitLine(line -> line.contains("attached"), DEADLINE);
    }

    /** Libraries are loaded at their first use, from wherever they lie. */
    private void warmUp() {
        JsonObject body = new JsonObject();
        body.addProperty("name", "warm");
        body.addProperty("path", directory.resolve("warm").toString());
        String sr = "/v1/srs/"
                + api.post("/v1/srs", body).getAsJsonObject().get("sr").getAsString();
        JsonObject disk = new JsonObject();
        disk.addProperty("name", "disk");
        disk.addProperty("sizeBytes", Victims.DISK_BYTES);
        api.post(sr + "/vdis", disk);
        work(sr);
        api.post(sr + "/detach");
    }

    @AfterEach
    void stop() throws IOException {
        strace.close();
        agent.close();
    }

    @Test
    void nothingOutsideIsOpenedChangedOrDeletedAndNothingHangs() throws Exception {
        Random random = new Random(5);
        List<Path> repositories = new ArrayList<>();
        for (int i = 0; i < DIRECTORIES; i++) {
            Path sr = Files.createDirectory(directory.resolve("sr" + i));
            repositories.add(sr);
            Victims.makeRepository(sr, i);
            use(sr, new Attacker(sr, outside, random), random);
        }
        strace.terminate(DEADLINE);
        List<FileTrace.Touch> touched = FileTrace.read(directory, "trace");
        assertThat(touched)
                .as("the trace shows what is allowed")
                .anyMatch(touch -> touch.file().startsWith(repositories.get(0)));
        assertThat(touched).filteredOn(touch -> !isAllowed(touch.file())).isEmpty();
    }

    /** What is refused is refused, but within the patience of the client. */
    private void use(Path sr, Attacker attacker, Random random) throws Exception {
        attacker.attack(TRICKS);
        JsonObject body = new JsonObject();
        body.addProperty("path", sr.toString());
        JsonElement attached = tried(() -> api.post("/v1/srs/attach", body));
        if (attached == null) {
            return;
        }
        String id = "/v1/srs/" + attached.getAsJsonObject().get("sr").getAsString();
        work(id);
        attacker.attack(random.nextInt(TRICKS));
        work(id);
        tried(() -> api.post(id + "/detach"));
    }

    private void work(String sr) {
        JsonObject repair = new JsonObject();
        repair.addProperty("repair", true);
        tried(() -> api.post(sr + "/scan"));
        tried(() -> api.post(sr + "/check", repair));
        JsonElement vdis = tried(() -> api.get(sr + "/vdis"));
        List<String> disks = new ArrayList<>();
        if (vdis != null) {
            vdis.getAsJsonArray()
                    .forEach(vdi -> disks.add(
                            "/v1/vdis/" + vdi.getAsJsonObject().get("vdi").getAsString()));
        }
        for (String disk : disks) {
            tried(() -> api.post(disk + "/attach", new JsonObject()));
            tried(() -> api.post(disk + "/detach"));
            tried(() -> api.post(disk + "/clone", new JsonObject()));
        }
        tried(() -> api.post(sr + "/gc"));
        for (String disk : disks) {
            tried(() -> api.delete(disk));
        }
    }

    private static @Nullable JsonElement tried(Supplier<JsonElement> call) {
        try {
            return call.get();
        } catch (SrException e) {
            assertThat(e.error()).as(e.getMessage()).isNotEqualTo(SrError.AGENT_UNREACHABLE);
            return null;
        }
    }

    /** What a Java program, and the names of users, need. */
    private boolean isAllowed(Path file) {
        boolean isOurs = file.startsWith(directory) && !file.startsWith(outside);
        boolean isOfTheSystem =
                SYSTEM.stream().anyMatch(file::startsWith) || file.startsWith(System.getProperty("java.home"));
        boolean isTheProgram = PROGRAM.stream().anyMatch(file.toString()::endsWith)
                || UNPACKED.matcher(file.toString()).matches();
        return isOurs || isOfTheSystem || isTheProgram;
    }
}
