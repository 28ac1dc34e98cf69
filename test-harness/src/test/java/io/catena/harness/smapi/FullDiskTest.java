package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.NbdClient.RequestFailedException;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An SR on a real file system, a small ext4 of its own, that is full. Only root can mount it. */
@Tag("slow")
@WholeMachine
final class FullDiskTest extends SmapiTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final String FULL = "SR_BACKEND_FAILURE_44";
    private static final int ENOSPC = 28;
    private static final int PIECE_BYTES = 1 << 20;

    private Path fileSystem;

    @BeforeEach
    void mount() throws IOException {
        assertTrue("root".equals(System.getProperty("user.name")), "a mount needs root; run the tests as root");
        fileSystem = Files.createDirectory(directory.resolve("fs"));
        String image = directory.resolve("fs.img").toString();
        Programs.run(DEADLINE, "truncate", "-s", "64M", image);
        Programs.run(DEADLINE, "mkfs.ext4", "-q", "-F", "-m", "0", image);
        Programs.run(DEADLINE, "mount", "-o", "loop", image, fileSystem.toString());
    }

    @AfterEach
    void unmount() throws IOException {
        agent.kill9();
        Programs.run(DEADLINE, "umount", fileSystem.toString());
    }

    @Override
    Map<String, String> configuration() {
        return Map.of("path", fileSystem.resolve("sr").toString());
    }

    @Test
    void aFullSrRefusesInFormLosesNothingAndWorksAgainWithRoom() throws IOException {
        createSr();
        Path other = Files.write(fileSystem.resolve("other"), new byte[12 * PIECE_BYTES]);
        String small = text(createVolume("small", 8 << 20), "key");
        write(small, (byte) 7);
        String big = text(createVolume("big", 256 << 20), "key");
        activate(big);
        int pieces = fill(big);
        Path pad = pad();
        assertThat(pieces).isGreaterThan(30);

        everythingThatNeedsRoomIsRefused(small, big);
        assertPieces(big, pieces);
        agent.kill9();
        agent.restart();
        assertPieces(big, pieces);
        everythingThatNeedsRoomIsRefused(small, big);
        assertThat(read(small)).isEqualTo((byte) 7);

        Files.delete(pad);
        Files.delete(other);
        ok("Volume.destroy", "sr", SR, "key", small);
        try (NbdClient client = connect(big)) {
            client.write((long) pieces * PIECE_BYTES, piece(pieces));
            client.flush();
        }
        String snapshot = text(call("Volume.snapshot", "sr", SR, "key", big), "key");
        String clone = text(call("Volume.clone", "sr", SR, "key", snapshot), "key");
        String copied = text(createVolume("other", 8 << 20), "key");
        call("Volume.copy", "sr", SR, "key", copied, "dest_sr", SR);
        ok("Datapath.detach", "uri", uri(big), "domain", "guest");
        activate(clone);
        assertPieces(clone, pieces + 1);
        ok("Datapath.detach", "uri", uri(clone), "domain", "guest");
        assertAllFilesAreValid();
    }

    private void everythingThatNeedsRoomIsRefused(String small, String big) throws IOException {
        assertThat(failureOf("Volume.create", createArguments())).startsWith(FULL);
        assertThat(failureOf("Volume.snapshot", "sr", SR, "key", big)).startsWith(FULL);
        assertThat(failureOf("Volume.clone", "sr", SR, "key", small)).startsWith(FULL);
        assertThat(failureOf("Volume.copy", "sr", SR, "key", small, "dest_sr", SR))
                .startsWith(FULL);
        assertThat(call("SR.stat", "sr", SR).get("free_space").getAsLong()).isLessThan(PIECE_BYTES);
        assertThat(scripts.call("SR.ls", "sr", SR).result().getAsJsonArray()).hasSize(2);
    }

    private static Object[] createArguments() {
        return new Object[] {"sr", SR, "name", "x", "description", "", "size", 8 << 20, "sharable", false};
    }

    private void activate(String key) throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", "guest");
        ok("Datapath.activate", "uri", uri(key), "domain", "guest");
    }

    /** Writes as long as there is room, and returns how many pieces were answered. */
    private int fill(String key) throws IOException {
        try (NbdClient client = connect(key)) {
            for (int i = 0; true; i++) {
                try {
                    client.write((long) i * PIECE_BYTES, piece(i));
                } catch (RequestFailedException e) {
                    assertThat(e.error()).isEqualTo(ENOSPC);
                    return i;
                }
            }
        }
    }

    /** Takes the room that was too small for a piece. */
    private Path pad() throws IOException {
        Path pad = fileSystem.resolve("pad");
        try (OutputStream out = Files.newOutputStream(pad)) {
            byte[] sector = new byte[512];
            while (true) {
                out.write(sector);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
            return pad;
        }
    }

    private void assertPieces(String key, int count) throws IOException {
        try (NbdClient client = connect(key)) {
            for (int i = 0; i < count; i++) {
                assertThat(client.read((long) i * PIECE_BYTES, PIECE_BYTES))
                        .as("piece %s of %s", i, count)
                        .isEqualTo(piece(i));
            }
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "; " + agent.log(), e);
        }
    }

    private static byte[] piece(int number) {
        byte[] piece = new byte[PIECE_BYTES];
        new Random(number).nextBytes(piece);
        return piece;
    }

    private List<String> failureOf(String method, Object... arguments) throws IOException {
        return scripts.call(method, arguments).failure();
    }

    private JsonObject call(String method, Object... arguments) throws IOException {
        return scripts.call(method, arguments).result().getAsJsonObject();
    }

    private void assertAllFilesAreValid() throws IOException {
        List<String> check = new ArrayList<>(List.of("vhd", "check"));
        try (var files = Files.list(fileSystem.resolve("sr"))) {
            files.map(Path::toString).filter(name -> name.endsWith(".vhd")).forEach(check::add);
        }
        assertThat(agent.cli(check.toArray(String[]::new)).stdout()).doesNotContain("repairable", "invalid");
    }
}
