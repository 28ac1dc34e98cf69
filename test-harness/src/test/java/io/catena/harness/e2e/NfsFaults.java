package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.NfsServer;
import io.catena.harness.guest.RunningGuest;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * SRs on a real NFS server, the one of a guest's own kernel, with agents beside it. The guest is emulated: this takes minutes.
 * {@code test-harness/bin/e2e nfs} runs it.
 */
@Timeout(900)
@Tag("slow")
class NfsFaults {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final long DISK_BYTES = 64 << 20;

    private static NfsGuest nfs;
    private static RunningGuest guest;
    private static AgentDisk disk;
    private static NfsServer server;

    @BeforeAll
    static void start() throws IOException {
        nfs = NfsGuest.start("curl", "qemu-io");
        guest = nfs.guest();
        disk = nfs.disk();
        server = nfs.server();
    }

    @AfterAll
    static void end() throws IOException {
        if (nfs != null) {
            nfs.close();
        }
    }

    /** What is done to an SR on an export through its life. */
    @Test
    void anSrOnAnExportIsMountedServedAndUnmounted() throws IOException {
        GuestAgent agent = new GuestAgent(guest, disk, "/run/one");
        agent.start();
        JsonObject probe =
                agent.request("POST", "srs/probe", "{\"type\":\"nfs\",\"config\":{\"server\":\"127.0.0.1\"}}");
        assertThat(probe.getAsJsonArray("exports").toString()).isEqualTo("[\"" + NfsServer.EXPORT + "\"]");
        String sr = createSr(agent, "127.0.0.1", "one");
        assertThat(mounts("one"))
                .startsWith("127.0.0.1:" + NfsServer.EXPORT + " /run/one/mnt/")
                .contains(" nfs4 ", "vers=4.2", ",hard,", "local_lock=none");

        String vdi = createVdi(agent, sr);
        io("one", vdi, "write -P 1 0 8M", "flush");
        String snapshot = snapshot(agent, vdi);
        io("one", vdi, "write -P 2 4M 8M", "flush");
        agent.request("DELETE", "vdis/" + snapshot, "");
        collect(agent, sr);
        io("one", vdi, "read -P 1 0 4M", "read -P 2 4M 8M", "write -P 3 0 64k", "flush");

        agent.kill();
        agent.start();
        awaitAttached("one", agent, sr);
        assertThat(mounts("one").lines()).hasSize(1);
        io("one", vdi, "read -P 3 0 64k", "read -P 1 64k 3M", "read -P 2 4M 8M", "write -P 4 1M 64k", "flush");

        agent.end();
        guest.run("umount /run/one/mnt/*");
        agent.start();
        awaitAttached("one", agent, sr);
        assertThat(mounts("one").lines()).hasSize(1);
        io("one", vdi, "read -P 4 1M 64k", "read -P 3 0 64k", "read -P 2 4M 8M");

        detach(agent, sr, vdi);
        assertThat(mounts("one")).isEmpty();
        agent.end();
    }

    /** Longer than an SR's lease: what guests ask for waits, and what hosts ask for is answered. */
    @Test
    void requestsWaitWhileTheServerIsAwayAndTheControlPlaneAnswers() throws IOException {
        GuestAgent agent = new GuestAgent(guest, disk, "/run/two");
        agent.start();
        String sr = createSr(agent, "127.0.0.1", "two");
        String vdi = createVdi(agent, sr);
        io("two", vdi, "write -P 1 0 8M", "flush");

        server.stop();
        String late = "{\"name\":\"late\",\"sizeBytes\":" + DISK_BYTES + "}";
        background(agent.command("POST", "srs/" + sr + "/vdis", late), "/run/creator");
        background(qemuIo("two", vdi, "write -P 5 1M 1M", "flush") + " && echo written", "/run/writer");
        await("grep -q event=requests-held /run/two.log && grep -q event=mount-away /run/two.log");
        for (String path : new String[] {"srs", "srs/" + sr + "/vdis", "srs/" + sr + "/tree", "srs/" + sr}) {
            answersSoon(agent, "GET", path, "");
        }
        await("grep -q 'goes on when it can be reached' /run/creator");
        assertThat(answersSoon(agent, "POST", "srs/" + sr + "/vdis", late)).contains("TRY_AGAIN", "Nothing was done");
        assertThat(answersSoon(agent, "POST", "vdis/snapshot", "{\"vdis\":[\"" + vdi + "\"]}"))
                .contains("TRY_AGAIN");
        assertThat(answersSoon(agent, "POST", "vdis/" + vdi + "/detach", "")).contains("TRY_AGAIN");
        assertThat(answersSoon(agent, "POST", "srs/" + sr + "/detach", "{\"force\":true}"))
                .contains("TRY_AGAIN");
        assertThat(guest.run(agent.command("GET", "srs", ""))).contains("what it lies on cannot be reached");
        assertThat(guest.run("cat /run/writer")).doesNotContain("written");

        server.goOn();
        await("grep -q written /run/writer && grep -q event=requests-go-on /run/two.log");
        await("grep -q event=mount-answers /run/two.log");
        io("two", vdi, "read -P 5 1M 1M", "read -P 1 2M 6M", "read -P 1 0 1M");
        text(agent.request("POST", "srs/" + sr + "/vdis", late), "vdi");
        assertThat(agent.request("POST", "srs/" + sr + "/check", "").toString()).contains("\"findings\":[]");
        detach(agent, sr, vdi);
        assertThat(mounts("two")).isEmpty();
        agent.end();
    }

    private static String answersSoon(GuestAgent agent, String method, String path, String body) throws IOException {
        long began = System.nanoTime();
        String answer = guest.run(agent.command(method, path, body).replace(" -sS ", " -sS --max-time 20 "));
        assertThat(Duration.ofNanos(System.nanoTime() - began)).as(path).isLessThan(Duration.ofSeconds(20));
        return answer;
    }

    private static String createSr(GuestAgent agent, String address, String directory) throws IOException {
        JsonObject body = place(address, directory);
        body.addProperty("name", directory);
        return text(agent.request("POST", "srs", body.toString()), "sr");
    }

    private static JsonObject place(String address, String directory) {
        JsonObject config = new JsonObject();
        config.addProperty("server", address);
        config.addProperty("path", NfsServer.EXPORT);
        config.addProperty("directory", directory);
        JsonObject place = new JsonObject();
        place.addProperty("type", "nfs");
        place.add("config", config);
        return place;
    }

    /** Makes a disk and attaches it. */
    private static String createVdi(GuestAgent agent, String sr) throws IOException {
        String vdi = text(
                agent.request("POST", "srs/" + sr + "/vdis", "{\"name\":\"disk\",\"sizeBytes\":" + DISK_BYTES + "}"),
                "vdi");
        text(agent.request("POST", "vdis/" + vdi + "/attach", "{}"), "uri");
        return vdi;
    }

    private static String snapshot(GuestAgent agent, String vdi) throws IOException {
        String answer = guest.run(agent.command("POST", "vdis/snapshot", "{\"vdis\":[\"" + vdi + "\"]}"), DEADLINE);
        return text(JsonParser.parseString(answer).getAsJsonArray().get(0).getAsJsonObject(), "vdi");
    }

    /** Merges what can be merged, and waits until that is done. */
    private static void collect(GuestAgent agent, String sr) throws IOException {
        String job = text(agent.request("POST", "srs/" + sr + "/gc", ""), "job");
        JsonObject now;
        do {
            now = agent.request("GET", "jobs/" + job + "?waitMillis=1000", "");
        } while (text(now, "state").equals("running"));
        assertThat(text(now, "state")).isEqualTo("done");
        String tree = guest.run(agent.command("GET", "srs/" + sr + "/tree", ""));
        assertThat(JsonParser.parseString(tree).getAsJsonArray()).hasSize(1);
        assertThat(tree).contains("\"children\":[]");
    }

    private static void detach(GuestAgent agent, String sr, String vdi) throws IOException {
        assertThat(agent.request("POST", "vdis/" + vdi + "/detach", "").has("error"))
                .isFalse();
        assertThat(agent.request("POST", "srs/" + sr + "/detach", "").has("error"))
                .isFalse();
    }

    /** Returns the lines of what an agent has mounted. */
    private static String mounts(String agent) throws IOException {
        return guest.run("grep ' /run/" + agent + "/mnt/' /proc/mounts || true");
    }

    /** Does I/O on a disk that must succeed, and read what is expected. */
    private static void io(String agent, String vdi, String... commands) throws IOException {
        assertThat(guest.run(disk.environment() + qemuIo(agent, vdi, commands), DEADLINE))
                .doesNotContain("verification failed");
    }

    private static String qemuIo(String agent, String vdi, String... commands) {
        return disk.program("qemu-io") + " -f raw -c '" + String.join("' -c '", commands) + "' 'nbd+unix:///" + vdi
                + "?socket=/run/" + agent + "/nbd.sock'";
    }

    /** Runs a script in the background; its output goes to a file. */
    private static void background(String script, String output) throws IOException {
        guest.run(disk.environment() + "(" + script + ") >" + output + " 2>&1 3>&- &");
    }

    /** On a busy machine an agent that starts may lose its lease meanwhile, and try again. */
    private static void awaitAttached(String name, GuestAgent agent, String sr) throws IOException {
        await("(" + agent.command("GET", "srs/" + sr + "/vdis", "") + ") | grep -q '\"state\":\"active\"'");
        assertThat(mounts(name)).isNotEmpty();
    }

    /** Waits until a condition of the shell is true in the guest. */
    private static void await(String condition) throws IOException {
        guest.run("until " + condition + "; do usleep 100000; done", DEADLINE);
    }

    private static String text(JsonObject object, String member) throws IOException {
        if (!object.has(member)) {
            throw new IOException("no \"" + member + "\" in " + object);
        }
        return object.get(member).getAsString();
    }
}
