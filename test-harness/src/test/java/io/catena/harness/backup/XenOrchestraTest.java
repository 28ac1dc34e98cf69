package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.harness.peer.Npm;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Xen Orchestra's VHD library, under all backup tools built on it, makes of our streams, and we of its. npm brings it when
 * the test runs; it looks at no sector bitmap.
 */
@Tag("slow")
class XenOrchestraTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String RESOURCES = "/io/catena/harness/backup/xo/";
    private static final Path INSTALLED = Path.of("target", "xo-peer").toAbsolutePath();
    private static final List<String> FILES = List.of(
            "package.json",
            "look.js",
            "stub-reader/package.json",
            "stub-reader/index.js",
            "stub-diff/package.json",
            "stub-diff/index.js");

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    @TempDir
    Path exported;

    @BeforeAll
    static void install() throws IOException {
        for (String file : FILES) {
            Path target = INSTALLED.resolve(file);
            Files.createDirectories(Objects.requireNonNull(target.getParent()));
            try (InputStream in = XenOrchestraTest.class.getResourceAsStream(RESOURCES + file)) {
                Files.write(target, Objects.requireNonNull(in, file).readAllBytes());
            }
        }
        Npm.install(INSTALLED, "vhd-lib");
    }

    @Seeds(3)
    void fullStreamsAndDeltasOfRandomTreesAreReadAndMerged(long seed) throws Exception {
        try (DiskTrees trees = new DiskTrees(directory, redo)) {
            trees.grow(new Random(seed));
            List<String> files = new ArrayList<>();
            VdiId base = null;
            for (VdiId snapshot : trees.snapshots) {
                String file = snapshot + ".vhd";
                Files.write(exported.resolve(file), trees.exported(snapshot, StreamFormat.VHD, base, 0));
                files.add(file);
                base = snapshot;
            }
            byte[] content = trees.content(Objects.requireNonNull(base));
            JsonObject found = look(files);

            assertThat(found.get("synthetic").getAsString()).isEqualTo(sha256(content));
            assertThat(found.get("merged").getAsString()).isEqualTo(sha256(content));
            assertImports(trees, exported.resolve("synthetic.vhd"), content);
            assertImports(trees, exported.resolve(base + ".vhd"), content);
        }
    }

    private JsonObject look(List<String> files) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("node", INSTALLED.resolve("look.js").toString(), exported.toString()));
        command.addAll(files);
        Outcome outcome = Programs.run(PATIENCE, command.toArray(String[]::new));
        return outcome.json().getAsJsonObject();
    }

    /** What it wrote makes a disk with the same content. */
    private static void assertImports(DiskTrees trees, Path vhd, byte[] content) throws IOException {
        byte[] bytes = Files.readAllBytes(vhd);
        VdiId disk = trees.imported(StreamFormat.VHD, bytes, bytes.length);
        assertThat(Arrays.equals(trees.exported(disk, StreamFormat.RAW, null, 0), content))
                .as(vhd.toString())
                .isTrue();
    }

    private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
