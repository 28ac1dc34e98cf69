package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.NfsServer;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.smapiv1.ServerSrLife;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The driver of SMAPIv1 for SRs on an NFS server, as XAPI calls it, with the server of a guest's own kernel. The guest is emulated: this
 * takes minutes. {@code test-harness/bin/e2e catenanfs} runs it.
 */
@Timeout(1500)
@Tag("slow")
class XapiOnNfs {
    private static final Duration DEADLINE = Duration.ofMinutes(12);
    private static final String PYTHON = "/usr/bin/python3";

    @Test
    void xapiHasAnSrOnAnExportThroughItsDriver() throws IOException {
        try (NfsGuest nfs = NfsGuest.start("curl", PYTHON, harness())) {
            RunningGuest guest = nfs.guest();
            AgentDisk disk = nfs.disk();
            GuestAgent agent = new GuestAgent(guest, disk, "/run/v1agent");
            agent.start();
            guest.run("mkdir -p /usr/bin /usr/lib && cp " + disk.program("python3") + " /usr/bin && cp -R "
                    + disk.directory() + "/python/usr/lib/* /usr/lib/");
            Path classes = disk.directory().resolve(Path.of(harness()).getFileName());
            Path jar = disk.directory().resolve("clone/host-agent/target/catena.jar");
            String said = guest.run(
                    disk.environment() + "java -cp " + jar + ":" + classes + " " + ServerSrLife.class.getName()
                            + " /run/v1agent /run/v1 " + NfsServer.EXPORT,
                    DEADLINE);
            assertThat(said).endsWith("done");
            assertThat(guest.run("grep /run/v1agent/mnt/ /proc/mounts || true")).isEmpty();
            agent.end();
        }
    }

    /** Returns where the classes of this module are. */
    private static String harness() {
        return ServerSrLife.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
    }
}
