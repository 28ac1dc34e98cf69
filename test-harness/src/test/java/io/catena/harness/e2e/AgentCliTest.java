package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line as scripts meet it: exit codes, JSON, and an agent that starts, ends and refuses as promised. */
@Tag("slow")
class AgentCliTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final byte[] GREETING = "written before the end".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    private LiveAgent live;
    private AgentProcess agent;

    @BeforeEach
    void startAgent() throws IOException {
        live = LiveAgent.start(directory.resolve("run"));
        agent = live.process();
    }

    @AfterEach
    void stopAgent() throws IOException {
        live.close();
    }

    @Test
    void exitCodesTellDoneFromFailedFromMisused() throws Exception {
        assertThat(agent.tryCli("sr", "ls").exitCode()).isZero();
        assertThat(agent.tryCli("sr", "stat", "nobody").exitCode()).isEqualTo(1);
        assertThat(agent.tryCli("sr", "frobnicate").exitCode()).isEqualTo(2);
        assertThat(agent.tryCli("vdi", "create", "sr", "--size", "many").exitCode())
                .isEqualTo(2);
    }

    @Test
    void anErrorIsOneJsonDocumentWithACorrection() throws Exception {
        Outcome outcome = agent.tryCli("vdi", "stat", "nobody");
        JsonObject error = error(outcome);
        assertThat(LiveAgent.id(error, "code")).isEqualTo("VDI_MISSING");
        assertThat(LiveAgent.id(error, "message")).contains("nobody");
        assertThat(LiveAgent.id(error, "correction")).contains("catena vdi ls");
        assertThat(outcome.stderr()).contains("nobody");
    }

    @Test
    void unknownNamesAreToldApart() throws Exception {
        String unknown = "00000000-1111-2222-3333-444444444444";
        assertThat(code("sr", "stat", unknown)).isEqualTo("SR_UNAVAILABLE");
        assertThat(code("sr", "attach", directory.resolve("absent").toString())).isEqualTo("SR_UNAVAILABLE");
        assertThat(code("vdi", "attach", unknown)).isEqualTo("VDI_MISSING");
        assertThat(code("gc", "run", "nobody")).isEqualTo("SR_UNAVAILABLE");
        assertThat(code("job", "show", "4711")).isNotEmpty();
    }

    @Test
    void ambiguousNamesAreRefusedWithTheCandidates() throws Exception {
        createSr("sr");
        String one = createVdi("sr", "twin");
        String two = createVdi("sr", "twin");
        JsonObject error = error(agent.tryCli("vdi", "attach", "twin"));
        assertThat(LiveAgent.id(error, "code")).isEqualTo("BAD_REQUEST");
        assertThat(LiveAgent.id(error, "message")).contains(one, two);
        assertThat(LiveAgent.id(error, "correction")).contains("UUID");
        assertThat(agent.tryCli("vdi", "attach", one).exitCode()).isZero();
    }

    @Test
    void severalDisksAreDestroyedInOneCall() throws Exception {
        createSr("sr");
        String one = createVdi("sr", "one");
        String two = createVdi("sr", "two");
        String three = createVdi("sr", "three");
        agent.cli("vdi", "destroy", "one", two);
        assertThat(agent.tryCli("vdi", "destroy", three, "nobody").exitCode()).isEqualTo(1);
        assertThat(agent.cli("vdi", "ls", "sr").stdout().strip()).isEqualTo("[]");
        assertThat(code("vdi", "stat", one)).isEqualTo("VDI_MISSING");
    }

    @Test
    void theFileOfADiskThatIsWrittenIsNotReadPastTheAgent() throws Exception {
        createSr("sr");
        String disk = createVdi("sr", "disk");
        String file = directory.resolve("sr").resolve(disk + ".vhd").toString();
        assertThat(agent.tryCli("vhd", "digest", file).exitCode()).isZero();
        agent.cli("vdi", "attach", disk);
        write(disk);
        for (String command : List.of("digest", "read", "map")) {
            Outcome refused = agent.tryCli("vhd", command, file);
            assertThat(refused.exitCode()).as(command).isEqualTo(1);
            assertThat(refused.stderr()).contains("open for writing", "catena vdi detach");
        }
        assertThat(agent.tryCli("vhd", "convert", file, directory + "/raw", "--to", "raw")
                        .exitCode())
                .isEqualTo(1);
        Outcome child = agent.tryCli("vhd", "snapshot", directory + "/child.vhd", "--parent", file);
        assertThat(child.exitCode()).isEqualTo(1);
        assertThat(child.stderr()).contains("open for writing", "catena vdi detach");
        Outcome check = agent.tryCli("vhd", "check", "--data", file);
        assertThat(check.exitCode()).isNotZero();
        assertThat(check.stderr()).contains("open for writing", "catena vdi detach");
        agent.cli("vdi", "detach", disk);
        assertThat(agent.tryCli("vhd", "digest", file).exitCode()).isZero();
        assertThat(agent.tryCli("vhd", "check", "--data", file).exitCode()).isZero();
    }

    @Test
    void contentIsExportedWholeAndAsWhatChanged() throws Exception {
        createSr("sr");
        String disk = createVdi("sr", "disk");
        writeWhole(disk, 0);
        agent.cli("vdi", "snapshot", "disk", "--name", "monday");
        writeWhole(disk, 5 << 20);
        agent.cli("vdi", "snapshot", "disk", "--name", "tuesday");

        JsonObject changes = agent.cli("vdi", "changes", "tuesday", "--base", "monday")
                .json()
                .getAsJsonObject();
        assertThat(changes.getAsJsonArray("ranges").toString())
                .isEqualTo("[{\"offset\":5242880,\"lengthBytes\":65536}]");
        assertThat(agent.cli("vdi", "changes", "tuesday", "--base", "monday", "--hints")
                        .json()
                        .toString())
                .isEqualTo("[{\"offset\":5242880,\"length\":65536,\"exists\":\"true\"}]");

        String monday = LiveAgent.id(agent.cli("vdi", "stat", "monday").json(), "vdi");
        Path full = directory.resolve(monday + ".vhd");
        Path delta = directory.resolve("tuesday.vhd");
        agent.cli("vdi", "export", "monday", "--format", "vhd", "--output", full.toString());
        agent.cli("vdi", "export", "tuesday", "--format", "vhd", "--base", "monday", "--output", delta.toString());
        Path raw = directory.resolve("tuesday.raw");
        agent.cli("vdi", "export", "tuesday", "--output", raw.toString());
        try (ReferenceReader chain = ReferenceReader.open(delta)) {
            assertThat(chain.read(0, 16 << 20)).isEqualTo(Files.readAllBytes(raw));
        }
        assertThat(QemuImg.info(full).get("virtual-size").getAsLong()).isEqualTo(Files.size(raw));
        assertThat(code("vdi", "export", "tuesday", "--output", raw.toString())).isEqualTo("BAD_REQUEST");
        assertThat(code("vdi", "export", "disk", "--format", "cow", "--output", directory + "/x"))
                .isEqualTo("BAD_REQUEST");
        assertThat(directory.resolve("x")).doesNotExist();
    }

    @Test
    void contentIsImportedFromFilesAndPipes() throws Exception {
        createSr("sr");
        writeWhole(createVdi("sr", "disk"), 3 << 20);
        Path raw = directory.resolve("disk.raw");
        Path vhd = directory.resolve("disk.vhd");
        agent.cli("vdi", "export", "disk", "--output", raw.toString());
        agent.cli("vdi", "export", "disk", "--format", "vhd", "--output", vhd.toString());

        agent.cli("vdi", "import", "sr", "--format", "raw", "--input", raw.toString(), "--name", "from raw");
        String id = "12345678-1111-4222-8333-444455556666";
        agent.cli("vdi", "import", "sr", "--format", "vhd", "--input", vhd.toString(), "--uuid", id);
        Path fifo = directory.resolve("fifo");
        Programs.run(Duration.ofSeconds(10), "mkfifo", fifo.toString());
        try (BackgroundProgram sender = BackgroundProgram.start("sh", "-c", "cat '" + vhd + "' > '" + fifo + "'")) {
            agent.cli("vdi", "import", "sr", "--format", "vhd", "--input", fifo.toString(), "--name", "piped");
            assertThat(sender.output()).isEmpty();
        }
        for (String made : List.of("from raw", id, "piped")) {
            Path again = directory.resolve(made + ".raw");
            agent.cli("vdi", "export", made, "--output", again.toString());
            assertThat(Files.mismatch(again, raw)).as(made).isEqualTo(-1);
        }
        assertThat(code("vdi", "import", "sr", "--format", "vhd", "--input", vhd.toString(), "--uuid", id))
                .isEqualTo("VDI_EXISTS");
        assertThat(code("vdi", "import", "sr", "--format", "cow", "--input", vhd.toString()))
                .isEqualTo("BAD_REQUEST");
    }

    @Test
    void anUploadThatIsInterruptedLeavesNothing() throws Exception {
        createSr("sr");
        Path prepared = directory.resolve("sr/.catena/tmp");
        try (SocketChannel client = beginUpload()) {
            until("it is prepared", () -> files(prepared) == 1);
            assertThat(client.isOpen()).isTrue();
        }
        until("nobody prepares anything", () -> files(prepared) == 0);
        try (SocketChannel client = beginUpload()) {
            until("it is prepared again", () -> files(prepared) == 1);
            agent.kill9();
            assertThat(client.isOpen()).isTrue();
        }
        agent.restart();

        assertThat(files(prepared)).isZero();
        assertThat(agent.cli("vdi", "ls", "sr").stdout().strip()).isEqualTo("[]");
    }

    /** Sends a quarter of what it promises. */
    private SocketChannel beginUpload() throws IOException {
        SocketChannel client = SocketChannel.open(
                UnixDomainSocketAddress.of(agent.runDirectory().resolve("agent.sock")));
        String head = "PUT /v1/srs/sr/vdis/" + UUID.randomUUID() + "/content?format=raw HTTP/1.1\r\n"
                + "Host: localhost\r\nContent-Length: 16777216\r\n\r\n";
        ByteBuffer bytes = ByteBuffer.allocate(head.length() + (4 << 20));
        bytes.put(head.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            bytes.put((byte) 1);
        }
        bytes.flip();
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
        return client;
    }

    private static int files(Path directory) {
        String[] names = directory.toFile().list();
        return names == null ? 0 : names.length;
    }

    /** Two copies of a directory have disks of the same ids; to take either would be to write to the wrong one. */
    @Test
    void anIdThatTwoSrsHaveIsAmbiguous() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("sr", "detach", "sr");
        Path copy = Files.createDirectory(directory.resolve("copy"));
        Files.copy(directory.resolve("sr/" + vdi + ".vhd"), copy.resolve(vdi + ".vhd"));
        agent.cli("sr", "attach", "sr");
        agent.cli("sr", "attach", copy.toString(), "--adopt");
        JsonObject error = error(agent.tryCli("vdi", "attach", vdi));
        assertThat(LiveAgent.id(error, "code")).isEqualTo("BAD_REQUEST");
        assertThat(LiveAgent.id(error, "message")).contains("sr", "copy");
        assertThat(LiveAgent.id(error, "correction")).contains("sr detach");
        agent.cli("sr", "detach", "copy");
        assertThat(agent.tryCli("vdi", "attach", vdi).exitCode()).isZero();
    }

    /** Whether it was let go of before, or not. */
    @Test
    void anSrWhoseDirectoryIsGoneForGoodCanBeForgotten() throws Exception {
        for (String name : List.of("stays", "before", "meanwhile")) {
            createSr(name);
        }
        createVdi("meanwhile", "disk");
        live.detachSr("before");
        for (String gone : List.of("before", "meanwhile")) {
            Files.move(directory.resolve(gone), directory.resolve(gone + ".moved"));
        }
        JsonObject error = error(agent.tryCli("sr", "detach", "meanwhile"));
        assertThat(LiveAgent.id(error, "message")).contains("is detached, but not in order");
        assertThat(LiveAgent.id(error, "correction")).contains("catena sr forget");
        agent.restart();
        assertThat(live.srs())
                .hasSize(3)
                .filteredOn(sr -> sr.get("attached").getAsBoolean())
                .hasSize(1);
        live.api().post("/v1/srs/before/forget");
        agent.cli("sr", "forget", "meanwhile");
        assertThat(live.srs()).extracting(sr -> LiveAgent.id(sr, "name")).containsExactly("stays");
        assertThat(directory.resolve("meanwhile.moved/.catena/sr.json")).exists();
    }

    @Test
    void attachmentsComeBackAfterACrash() throws Exception {
        agent.cli("sr", "create", "sr", "--path", directory.resolve("sr").toString());
        String vdi =
                LiveAgent.id(agent.cli("vdi", "create", "sr", "--size", "16M").json(), "vdi");
        String readOnly = createVdi("sr", "other");
        String uri = uri(agent.cli("vdi", "attach", vdi));
        agent.cli("vdi", "attach", readOnly, "--read-only");
        write(vdi);
        agent.kill9();
        agent.restart();
        assertThat(read(vdi)).isEqualTo(GREETING);
        assertThat(LiveAgent.id(live.vdi(vdi), "state")).isEqualTo("active");
        assertThat(uri(agent.cli("vdi", "attach", vdi))).isEqualTo(uri);
        assertThat(code("vdi", "attach", readOnly)).isEqualTo("VDI_IN_USE");
    }

    @Test
    void aComposedDiskShowsWhatItsNewParentHolds() throws Exception {
        createSr("sr");
        String parent = createVdi("sr", "parent");
        String child = createVdi("sr", "child");
        agent.cli("vdi", "attach", parent);
        write(parent);
        assertThat(code("vdi", "compose", parent, child)).isEqualTo("VDI_IN_USE");
        agent.cli("vdi", "detach", parent);
        agent.cli("vdi", "snapshot", child);
        agent.cli("vdi", "compose", parent, child);
        assertThat(code("vdi", "stat", parent)).isEqualTo("VDI_MISSING");
        agent.cli("vdi", "attach", child);
        assertThat(read(child)).isEqualTo(GREETING);
    }

    /** The client sends without end; what it was answered is there afterwards, and what it was not is no half of a request. */
    @Test
    void aForcedDetachCutsClientsOffAfterTheirRequestsWereAnswered() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        long answered = 0;
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            client.write(0, filled((byte) 1));
            JsonObject refused = error(agent.tryCli("sr", "detach", "sr"));
            assertThat(LiveAgent.id(refused, "code")).isEqualTo("SR_IN_USE");
            assertThat(LiveAgent.id(refused, "message")).contains(vdi, "active rw");
            assertThat(LiveAgent.id(refused, "correction")).contains("--force");
            List<Long> cookies = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                cookies.add(client.sendRequest(0, NbdClient.WRITE, (long) i << 20, 1 << 20, filled((byte) 2)));
            }
            assertThat(client.receiveReply(cookies.get(0))).isZero();
            JsonObject ended = agent.cli("sr", "detach", "sr", "--force").json().getAsJsonObject();
            assertThat(LiveAgent.id(ended.getAsJsonArray("holds").get(0), "vdi"))
                    .isEqualTo(vdi);
            while (answeredNext(client, cookies, (int) answered + 1)) {
                answered++;
            }
        }
        agent.cli("sr", "attach", "sr");
        assertThat(LiveAgent.id(live.vdi(vdi), "state")).isEqualTo("detached");
        agent.cli("vdi", "attach", vdi);
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            assertThat(client.read(0, (int) (answered + 1) << 20)).containsOnly(2);
        }
        agent.cli("sr", "detach", "sr", "--force");
    }

    /** Returns whether a request was answered before the connection ended. */
    private static boolean answeredNext(NbdClient client, List<Long> cookies, int request) {
        try {
            return request < cookies.size() && client.receiveReply(cookies.get(request)) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void theHealthOfAnSrComesWithWhatToDo() throws Exception {
        createSr("sr");
        assertThat(LiveAgent.id(live.stat("sr").getAsJsonObject("health"), "state"))
                .isEqualTo("healthy");
        Files.writeString(directory.resolve("sr/bad.vhd"), "this is no disk");
        agent.cli("sr", "scan", "sr");
        JsonObject health = live.stat("sr").getAsJsonObject("health");
        assertThat(LiveAgent.id(health, "state")).isEqualTo("degraded");
        JsonObject reason = health.getAsJsonArray("reasons").get(0).getAsJsonObject();
        assertThat(LiveAgent.id(reason, "kind")).isEqualTo("unreadable_node");
        assertThat(LiveAgent.id(reason, "what")).contains("bad.vhd");
        assertThat(LiveAgent.id(reason, "cure")).contains("catena vhd check");
    }

    /** As a migration's mirror does; an agent that detects zeros must not take them for nothing. */
    @Test
    void aComposedDiskShowsTheZerosThatWereWrittenToIt() throws Exception {
        agent.terminate();
        try (LiveAgent detecting = LiveAgent.start(directory.resolve("run2"), "--zero-detection")) {
            AgentProcess cli = detecting.process();
            Path socket = cli.runDirectory().resolve("nbd.sock");
            cli.cli("sr", "create", "sr", "--path", directory.resolve("sr").toString());
            String parent = detecting.createVdi("sr", "parent", 10 << 20);
            detecting.attach(parent);
            try (NbdClient client = NbdClient.connect(socket, parent)) {
                client.write(0, filled((byte) 7));
            }
            detecting.detach(parent);
            cli.cli("vdi", "create", "sr", "--size", "10M", "--name", "marked", "--key", "base_mirror=1");
            String marked = LiveAgent.id(detecting.vdi("sr", "marked"), "vdi");
            String plain = detecting.createVdi("sr", "plain", 10 << 20);
            for (String child : List.of(marked, plain)) {
                cli.cli("vdi", "snapshot", child);
                detecting.attach(child);
                writeZeros(socket, child);
            }
            cli.kill9();
            cli.restart();
            assertThat(LiveAgent.id(error(cli.tryCli("vdi", "compose", parent, plain)), "code"))
                    .isEqualTo("VDI_TYPE");
            cli.cli("vdi", "compose", parent, marked);
            byte[] expected = filled((byte) 7);
            for (int zeros : List.of(0, 8192, 16384)) {
                Arrays.fill(expected, zeros, zeros + 4096, (byte) 0);
            }
            try (NbdClient client = NbdClient.connect(socket, marked)) {
                assertThat(client.read(0, expected.length)).isEqualTo(expected);
            }
        }
    }

    /** In each of the three ways a client has. */
    private static void writeZeros(Path socket, String vdi) throws IOException {
        try (NbdClient client = NbdClient.connect(socket, vdi)) {
            client.write(0, new byte[4096]);
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, 8192, 4096, new byte[0]))
                    .isZero();
            client.trim(16384, 4096);
        }
    }

    private static byte[] filled(byte value) {
        byte[] bytes = new byte[1 << 20];
        Arrays.fill(bytes, value);
        return bytes;
    }

    @Test
    void aDiskThatIsResetOnBootForgetsWhatWasWrittenSince() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        write(vdi);
        agent.cli("vdi", "snapshot", vdi);
        agent.cli("vdi", "detach", vdi);
        agent.cli("vdi", "set", vdi, "--reset-on-boot", "on");
        agent.cli("vdi", "attach", vdi, "--boot");
        write(vdi, new byte[GREETING.length]);
        agent.kill9();
        agent.restart();
        assertThat(read(vdi)).as("a restart of the agent is no boot").isEqualTo(new byte[GREETING.length]);
        agent.cli("vdi", "detach", vdi);
        agent.cli("vdi", "attach", vdi, "--boot");
        assertThat(read(vdi)).isEqualTo(GREETING);
    }

    @Test
    void whoConnectsToADiskThatIsNotActiveIsToldWhy() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        String uri = uri(agent.cli("vdi", "attach", vdi, "--no-activate"));
        assertThat(LiveAgent.id(live.vdi(vdi), "state")).isEqualTo("attached");
        assertThatThrownBy(() -> read(vdi))
                .isInstanceOf(NbdClient.OptionRefusedException.class)
                .hasMessageContaining("not active");
        assertThat(uri(agent.cli("vdi", "activate", vdi))).isEqualTo(uri);
        write(vdi);
        agent.cli("vdi", "deactivate", vdi);
        assertThatThrownBy(() -> read(vdi)).hasMessageContaining("not active");
        agent.cli("vdi", "activate", vdi);
        assertThat(read(vdi)).isEqualTo(GREETING);
        agent.cli("vdi", "detach", vdi);
        assertThatThrownBy(() -> read(vdi)).hasMessageContaining("no export");
        assertThat(code("vdi", "activate", vdi)).isEqualTo("VDI_UNAVAILABLE");
    }

    @Test
    void eachStepComesBackAfterACrashForEachHolder() throws Exception {
        createSr("sr");
        String reserved = createVdi("sr", "reserved");
        String moving = createVdi("sr", "moving");
        agent.cli("vdi", "attach", reserved, "--no-activate");
        agent.cli("vdi", "attach", moving, "--holder", "source");
        agent.cli("vdi", "attach", moving, "--holder", "target", "--no-activate");
        write(moving);
        agent.kill9();
        agent.restart();
        assertThat(LiveAgent.id(live.vdi(reserved), "state")).isEqualTo("attached");
        assertThat(read(moving)).isEqualTo(GREETING);
        assertThat(code("vdi", "activate", moving, "--holder", "target")).isEqualTo("VDI_IN_USE");
        agent.cli("vdi", "deactivate", moving, "--holder", "source");
        agent.cli("vdi", "activate", moving, "--holder", "target");
        agent.cli("vdi", "detach", moving, "--holder", "source");
        assertThat(read(moving)).isEqualTo(GREETING);
        JsonObject refusal = error(agent.tryCli("sr", "detach", "sr"));
        assertThat(LiveAgent.id(refusal, "message")).contains(moving + " (active rw for \"target\")", reserved);
        assertThat(agent.cli("vdi", "stat", moving).json().getAsJsonObject().getAsJsonArray("holds"))
                .hasSize(1);
    }

    @Test
    void detachedStaysDetachedAfterARestart() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        agent.cli("vdi", "detach", vdi);
        agent.restart();
        assertThat(LiveAgent.id(live.vdi(vdi), "state")).isEqualTo("detached");
        assertThatThrownBy(() -> read(vdi)).isInstanceOf(NbdClient.OptionRefusedException.class);
    }

    @Test
    void sigtermEndsAnAgentWithClientsInOrder() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            client.write(0, Arrays.copyOf(GREETING, 512));
            assertThat(agent.terminate()).isZero();
            assertThat(client.awaitEnd()).isEmpty();
        }
        assertThat(agent.log()).contains("agent-stopped").doesNotContain("close-failed");
        try (var redo = Files.walk(agent.runDirectory().resolve("redo"))) {
            assertThat(redo.filter(Files::isRegularFile)).isEmpty();
        }
        agent.restart();
        assertThat(read(vdi)).isEqualTo(GREETING);
    }

    @Test
    void aSecondAgentIsRefusedTheRunDirectory() throws Exception {
        Outcome second = agent.tryCli("agent");
        assertThat(second.exitCode()).isEqualTo(1);
        JsonObject error = error(second);
        assertThat(LiveAgent.id(error, "message")).contains(Long.toString(agent.pid()));
        assertThat(LiveAgent.id(error, "correction")).contains("--run-dir");
        assertThat(agent.tryCli("sr", "ls").exitCode()).isZero();
    }

    @Test
    void anSrOfAnotherAgentIsRefused() throws Exception {
        createSr("sr");
        try (AgentProcess other = AgentProcess.startShortLived(directory.resolve("run2"))) {
            Outcome refused =
                    other.tryCli("sr", "attach", directory.resolve("sr").toString());
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(LiveAgent.id(error(refused), "code")).isEqualTo("SR_IN_USE");
            agent.cli("sr", "detach", "sr");
            other.cli("sr", "attach", directory.resolve("sr").toString());
            assertThat(other.terminate()).isZero();
        }
    }

    @Test
    void theSrOfAnAgentThatWasKilledCanBeTakenOver() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        agent.kill9();
        try (AgentProcess other = AgentProcess.startShortLived(directory.resolve("run2"))) {
            other.cli("sr", "attach", directory.resolve("sr").toString());
            // What the killed agent answered may be in its run directory only.
            JsonObject error = error(other.tryCli("vdi", "attach", vdi));
            assertThat(error.get("code").getAsString()).isEqualTo("VDI_UNAVAILABLE");
            assertThat(error.get("correction").getAsString()).contains("--accept-loss");
            other.cli("sr", "check", "sr", "--repair", "--accept-loss");
            other.cli("vdi", "attach", vdi);
            other.terminate();
        }
    }

    @Test
    void aDiskIsDetachedUnderItsClient() throws Exception {
        createSr("sr");
        String vdi = createVdi("sr", "disk");
        agent.cli("vdi", "attach", vdi);
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            client.write(0, Arrays.copyOf(GREETING, 512));
            assertThat(code("sr", "detach", "sr")).isEqualTo("SR_IN_USE");
            agent.cli("vdi", "detach", vdi);
            assertThat(client.awaitEnd()).isEmpty();
        }
        agent.cli("vdi", "attach", vdi);
        assertThat(read(vdi)).isEqualTo(GREETING);
        agent.cli("vdi", "detach", vdi);
        agent.cli("sr", "detach", "sr");
    }

    @Test
    void anAbsentAgentIsAnErrorWithACorrection() throws Exception {
        agent.terminate();
        JsonObject error = error(agent.tryCli("sr", "ls"));
        assertThat(LiveAgent.id(error, "code")).isEqualTo("AGENT_UNREACHABLE");
        assertThat(LiveAgent.id(error, "correction")).contains("catena agent");
    }

    @Test
    void whatIsForHumansIsNotJson() throws Exception {
        createSr("sr");
        createVdi("sr", "disk");
        Path launcher = Path.of(System.getProperty(AgentProcess.HOME_PROPERTY), "host-agent/bin/catena");
        Outcome table = Programs.run(
                DEADLINE,
                launcher.toString(),
                "vdi",
                "ls",
                "sr",
                "--run-dir",
                agent.runDirectory().toString());
        assertThat(table.stdout()).startsWith("VDI").contains("disk", "detached");
    }

    private void createSr(String name) {
        live.createSr(name, directory.resolve(name));
    }

    private String createVdi(String sr, String name) {
        return live.createVdi(sr, name, 16 << 20);
    }

    private static String uri(Outcome attached) {
        return LiveAgent.id(attached.json(), "uri");
    }

    private String code(String... arguments) throws IOException {
        return LiveAgent.id(error(agent.tryCli(arguments)), "code");
    }

    private static JsonObject error(Outcome outcome) {
        assertThat(outcome.exitCode()).as("%s", outcome).isEqualTo(1);
        return outcome.json().getAsJsonObject().getAsJsonObject("error");
    }

    private Path nbdSocket() {
        return agent.runDirectory().resolve("nbd.sock");
    }

    private void write(String vdi) throws IOException {
        write(vdi, GREETING);
    }

    private void write(String vdi, byte[] bytes) throws IOException {
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            client.write(0, Arrays.copyOf(bytes, 512));
        }
    }

    /** Writes a page of a detached disk. */
    private void writeWhole(String vdi, long offset) throws IOException {
        agent.cli("vdi", "attach", vdi);
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            client.write(offset, Arrays.copyOf(GREETING, 4096));
        }
        agent.cli("vdi", "detach", vdi);
    }

    private byte[] read(String vdi) throws IOException {
        try (NbdClient client = NbdClient.connect(nbdSocket(), vdi)) {
            return Arrays.copyOf(client.read(0, 512), GREETING.length);
        }
    }
}
