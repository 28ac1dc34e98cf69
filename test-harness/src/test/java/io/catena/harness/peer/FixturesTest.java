package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.FixtureFile.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FixturesTest {
    @Test
    void unpacksAllWithHolesTimesAndManifests(@TempDir Path directory) throws Exception {
        Fixtures fixtures = Fixtures.unpack(directory);

        assertThat(fixtures.all()).hasSize(66);
        assertThat(fixtures.files()).hasSize(93);
        assertThat(fixtures.files()).allSatisfy(file -> assertThat(file.path()).exists());
        assertThat(fixtures.files().stream().map(FixtureFile::verdict).collect(Collectors.toSet()))
                .isEqualTo(EnumSet.allOf(Verdict.class));

        FixtureFile leaf = fixtures.get("chain3").file("leaf.vhd");
        assertThat(leaf.parent()).contains(leaf.path().resolveSibling("mid.vhd"));
        assertThat(leaf.type()).contains("differencing");
        assertThat(leaf.virtualSizeBytes()).hasValue(16L << 20);
        assertThat(Files.getLastModifiedTime(leaf.path()).toInstant()).isEqualTo(Instant.parse("2024-03-01T12:00:00Z"));
        assertThat((long) Files.getAttribute(leaf.path(), "size")).isGreaterThan(12_000_000);
        assertThat(fixtures.get("raw-parent").file("leaf1.vhd").parentRaw()).isTrue();
    }
}
