package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DiskSocketsTest {
    private static final VdiId ONE = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));
    private static final VdiId OTHER = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d12"));

    private final ByteArrayDisk disk = new ByteArrayDisk(1 << 20);

    @TempDir
    Path directory;

    private NbdExports exports;
    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        exports = new NbdExports(directory.resolve("nbd.sock"), Duration.ofSeconds(5));
        server = NbdServer.start(exports, NbdLimits.DEFAULT);
        disk.content[5] = 42;
        exports.publish(ONE, AccessMode.READ_WRITE, disk);
        exports.publish(OTHER, AccessMode.READ_WRITE, new ByteArrayDisk(4096));
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void anOldClientGetsTheDiskUnderAnyName() throws IOException {
        try (RawClient client = RawClient.at(server.socketOf(ONE)).greet(0)) {
            client.sendOption(NbdProtocol.OPT_EXPORT_NAME, "tapdisk_client".getBytes(StandardCharsets.UTF_8));

            assertThat(client.receive(10 + NbdProtocol.EXPORT_NAME_ZEROES).getLong())
                    .isEqualTo(disk.sizeBytes());
            assertThat(client.read(0, 512).get(5)).isEqualTo((byte) 42);
        }
    }

    @Test
    void eachDiskHasASocketForItsOwner() throws IOException {
        assertThat(server.socketOf(ONE)).isNotEqualTo(server.socketOf(OTHER)).isEqualTo(server.socketOf(ONE));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.socketOf(ONE))))
                .isEqualTo("rw-------");
        try (RawClient client = RawClient.at(server.socketOf(OTHER)).greet()) {
            client.go(ONE.toString()).read(0, 4096);
        }
    }

    @Test
    void theSocketGoesWithTheDisk() throws IOException {
        Path socket = server.socketOf(ONE);

        exports.withdraw(ONE);

        assertThat(socket).doesNotExist();
        assertThatThrownBy(() -> server.socketOf(ONE))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_UNAVAILABLE));
    }

    @Test
    void theNextServerListensAgainForTheDisksThatItServes() throws IOException {
        Path socket = server.socketOf(ONE);
        Path gone = server.socketOf(OTHER);
        server.close();
        exports.withdraw(OTHER);

        server = NbdServer.start(exports, NbdLimits.DEFAULT);

        assertThat(gone).doesNotExist();
        try (RawClient client = RawClient.at(socket).greet()) {
            assertThat(client.go("x").read(0, 512).get(5)).isEqualTo((byte) 42);
        }
    }
}
