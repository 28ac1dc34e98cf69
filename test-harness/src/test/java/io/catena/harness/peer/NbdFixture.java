package io.catena.harness.peer;

import io.catena.agent.nbd.NbdExports;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdServer;
import io.catena.agent.nbd.NbdTcp;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A server in a directory of its own. */
final class NbdFixture implements Closeable {
    private final Path directory;
    private final Path socket;
    private final NbdExports exports;
    private final NbdServer server;

    NbdFixture(NbdLimits limits) throws IOException {
        this(limits, null);
    }

    /** Serves over TCP too, unless {@code tcp} is null. */
    NbdFixture(NbdLimits limits, @Nullable NbdTcp tcp) throws IOException {
        directory = Files.createTempDirectory("catena-nbd");
        socket = directory.resolve("nbd.sock");
        exports = new NbdExports(socket, Duration.ofSeconds(10));
        server = NbdServer.start(exports, limits, tcp);
    }

    Path socket() {
        return socket;
    }

    NbdServer server() {
        return server;
    }

    /** Serves {@code disk} and returns the URI; the name of the export is {@link #name} of the number. */
    String publish(int number, AccessMode mode, BlockDevice disk) {
        return exports.publish(vdi(number), mode, disk).uri();
    }

    static String name(int number) {
        return vdi(number).toString();
    }

    private static VdiId vdi(int number) {
        return new VdiId(new UUID(0x0000_0000_0000_4000L, 0x8000_0000_0000_0000L + number));
    }

    @Override
    public void close() throws IOException {
        try {
            server.close();
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }
}
