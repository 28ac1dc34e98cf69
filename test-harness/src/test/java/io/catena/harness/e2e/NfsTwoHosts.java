package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.guest.NfsServer;
import io.catena.harness.guest.RunningGuest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two hosts and one SR on a real NFS server: the host that has the SR is cut off with writes in its kernel that the server has not
 * seen, the other takes the SR over and writes the same parts of the disk, and then the link is healed. The guest is emulated: this
 * takes minutes. {@code test-harness/bin/e2e nfs} runs it.
 */
@Timeout(1200)
@Tag("slow")
class NfsTwoHosts {
    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final String FENCE_OFF = " -Dcatena.test.fence=off";

    private static NfsGuest nfs;
    private static RunningGuest guest;

    /** The SR's directory on the export, and what the hosts' names begin with. */
    private String place = "";

    private String version = "";
    private final List<NfsHost> hosts = new ArrayList<>();
    private String sr = "";
    private String vdi = "";

    @BeforeAll
    static void boot() throws IOException {
        nfs = NfsGuest.start("curl", "qemu-io", "unshare", "nsenter");
        guest = nfs.guest();
    }

    @AfterAll
    static void end() throws IOException {
        if (nfs != null) {
            nfs.close();
        }
    }

    @AfterEach
    void endHosts() throws IOException {
        for (NfsHost host : hosts) {
            host.end();
        }
        guest.run("kill $(cat /run/" + place + ".fifo.pid) || true");
    }

    /** What the new owner reads afterwards: what was flushed before, and its own. */
    @Test
    void lateWritesOfAHostThatWasCutOffChangeNothing() throws IOException {
        makeHosts("p", 1, "4.2", "");
        takeOverFromACutHost(() -> {});
        assertThat(readBack()).doesNotContain("verification failed").doesNotContain("rror");
        JsonObject check = b().agent().request("POST", "srs/" + sr + "/check", "");
        assertThat(check.toString()).contains("\"findings\":[]");
        JsonObject late =
                a().agent().request("POST", "srs/" + sr + "/vdis", "{\"name\":\"late\",\"sizeBytes\":1048576}");
        assertThat(late.toString()).contains("has taken the SR from this host");
    }

    /** The server forgets who had what while the old owner is cut off, which cannot claim it in the time of grace then. */
    @Test
    void norDoTheyIfTheServerIsStartedAgainMeanwhile() throws IOException {
        makeHosts("q", 3, "4.1", "");
        takeOverFromACutHost(() -> {
            nfs.server().stop();
            nfs.server().goOn();
        });
        assertThat(readBack()).doesNotContain("verification failed").doesNotContain("rror");
    }

    /** Else the tests above would show nothing. */
    @Test
    void withoutFencesTheNewOwnersDataAreLost() throws IOException {
        makeHosts("r", 5, "4.2", FENCE_OFF);
        takeOverFromACutHost(() -> {});
        assertThat(readBack()).contains("verification failed");
    }

    private void makeHosts(String name, int network, String nfsVersion, String javaOptions) throws IOException {
        place = name;
        version = nfsVersion;
        hosts.add(NfsHost.make(guest, nfs.disk(), name + "a", network));
        hosts.add(NfsHost.make(guest, nfs.disk(), name + "b", network + 1));
        a().agent().start(javaOptions);
        b().agent().start(javaOptions);
        sr = text(a().agent().request("POST", "srs", location(a()).toString()), "sr");
        String body = "{\"name\":\"disk\",\"sizeBytes\":" + (64 << 20) + "}";
        vdi = text(a().agent().request("POST", "srs/" + sr + "/vdis", body), "vdi");
        text(a().agent().request("POST", "vdis/" + vdi + "/attach", "{}"), "uri");
        JsonObject refusal = attachAtB();
        assertThat(refusal.toString()).contains("SR_IN_USE");
    }

    /** The one that has the SR first. */
    private NfsHost a() {
        return hosts.get(0);
    }

    private NfsHost b() {
        return hosts.get(1);
    }

    private JsonObject attachAtB() throws IOException {
        JsonObject location = location(b());
        location.remove("name");
        return b().agent().request("POST", "srs/attach", location.toString());
    }

    private JsonObject location(NfsHost host) {
        JsonObject config = new JsonObject();
        config.addProperty("server", host.server());
        config.addProperty("path", NfsServer.EXPORT);
        config.addProperty("directory", place);
        config.addProperty("vers", version);
        JsonObject location = new JsonObject();
        location.addProperty("name", place);
        location.addProperty("type", "nfs");
        location.add("config", config);
        return location;
    }

    /** Something that happens to the server. */
    private interface Event {
        void happen() throws IOException;
    }

    /**
     * The scenario.
     *
     * <ol>
     *   <li>A's guest writes and flushes.
     *   <li>A is cut off. Its guest writes over parts of that, and is answered: the writes are in the kernel.
     *   <li>B takes the SR over, reads what was flushed, writes one of these parts and elsewhere, and flushes.
     *   <li>A is healed. Its kernel sends what it has; its guest is told of an error.
     * </ol>
     */
    private void takeOverFromACutHost(Event meanwhile) throws IOException {
        startGuestOfA();
        guest.run(
                asked("write -P 0xa1 0 1M")
                        + asked("flush")
                        + a().cutting()
                        + asked("write -P 0xa2 0 64k")
                        + asked("write -P 0xa2 512k 64k"),
                DEADLINE);
        assertThat(guest.run("cat " + output())).doesNotContain("rror");
        long cut = System.nanoTime();
        meanwhile.happen();
        assertThat(attachAtB().has("error")).isFalse();
        text(b().agent().request("POST", "vdis/" + vdi + "/attach", "{}"), "uri");
        String read = guest.run(b().qemuIo(vdi, "read -P 0xa1 0 1M"), DEADLINE);
        System.out.printf(Locale.ROOT, "taken over and served %.1f s after the cut%n", (System.nanoTime() - cut) / 1e9);
        assertThat(read).doesNotContain("verification failed").contains("read 1048576/1048576");
        assertThat(b().agent().log()).contains("event=sr-taken-over");
        guest.run(b().qemuIo(vdi, "write -P 0xb1 0 64k", "write -P 0xb1 16M 64k", "flush"), DEADLINE);

        a().heal();
        // It says nothing of a flush that fails.
        guest.run(asked("flush") + asked("write -f -P 0xa3 32M 64k"), DEADLINE);
        assertThat(guest.run("cat " + output())).contains("Input/output error");
        guest.run(until("grep -q event=sr-lost /run/" + place + "a.log"), DEADLINE);
        // All that any kernel holds is at the server then, or refused.
        guest.run("sync; echo 3 >/proc/sys/vm/drop_caches", DEADLINE);
    }

    private String readBack() throws IOException {
        return guest.run(
                b().qemuIo(vdi, "read -P 0xb1 0 64k", "read -P 0xa1 64k 960k", "read -P 0xb1 16M 64k")
                        + " 2>&1 || true",
                DEADLINE);
    }

    /** It stays connected: one that ends would flush. */
    private void startGuestOfA() throws IOException {
        guest.run("mkfifo " + fifo() + "\n"
                + "sleep 1000000 >" + fifo() + " 2>/dev/null 3>&- &\n"
                + "echo $! >" + fifo() + ".pid\n"
                + "(" + a().qemuIo(vdi) + ") <" + fifo() + " >" + output() + " 2>&1 3>&- &\n"
                + until("[ " + answers() + " = 1 ]"));
    }

    private String fifo() {
        return "/run/" + place + ".fifo";
    }

    private String output() {
        return "/run/" + place + ".io";
    }

    /** One command at a time: of several that it reads at once qemu-io runs the first, until more arrives. */
    private String asked(String command) {
        return "before=" + answers() + "\n"
                + "echo '" + command + "' >" + fifo() + "\n"
                + until("[ " + answers() + " -gt $before ]");
    }

    /** It prompts at its start and after each command. */
    private String answers() {
        return "$(grep -o 'qemu-io>' " + output() + " | wc -l)";
    }

    private static String until(String condition) {
        return "until " + condition + "; do usleep 100000; done\n";
    }

    private static String text(JsonObject object, String member) throws IOException {
        if (!object.has(member)) {
            throw new IOException("no \"" + member + "\" in " + object);
        }
        return object.get(member).getAsString();
    }
}
