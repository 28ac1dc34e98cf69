package io.catena.harness.e2e;

import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.NfsServer;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A guest whose kernel is an NFS server and its clients, with the agent's disk. For one test thread.
 *
 * @param directory of the test's files; not JUnit's, since sockets need a short path
 */
record NfsGuest(Path directory, LibvirtDaemon libvirt, RunningGuest guest, AgentDisk disk, NfsServer server)
        implements AutoCloseable {
    private static final Duration REMOVING = Duration.ofMinutes(1);

    /**
     * Boots it and starts the server.
     *
     * @param programs of this host that the guest is to have, too
     */
    static NfsGuest start(String... programs) throws IOException {
        Path directory = Files.createTempDirectory("nf");
        @Nullable LibvirtDaemon libvirt = null;
        try {
            GuestImage image = GuestImage.buildWithNfs(directory.resolve("image"));
            AgentDisk disk = AgentDisk.build(directory, Path.of(System.getProperty("catena.home")), programs);
            libvirt = LibvirtDaemon.start(directory.resolve("v"));
            RunningGuest guest = RunningGuest.direct(libvirt.uri(), "nfs", image, disk.element(), directory);
            guest.run(disk.mounting());
            return new NfsGuest(directory, libvirt, guest, disk, NfsServer.start(guest));
        } catch (IOException e) {
            end(directory, libvirt);
            throw e;
        }
    }

    private static void end(Path directory, @Nullable LibvirtDaemon libvirt) throws IOException {
        try {
            if (libvirt != null) {
                libvirt.close();
            }
        } finally {
            Programs.run(REMOVING, "rm", "-rf", directory.toString());
        }
    }

    @Override
    public void close() throws IOException {
        try {
            guest.close();
        } finally {
            end(directory, libvirt);
        }
    }
}
