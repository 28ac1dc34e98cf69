package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Nobody chose the names of these snapshots: each has its own, or one could not be called by it. */
final class SnapshotNamesTest extends RepositoryFixture {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00.789Z");
    private static final String NAME = "disk 2026-03-01T12:00:00Z";

    private static SnapshotSpec unnamed(VdiId disk) {
        return SnapshotSpec.unnamed(disk, new VdiId(UUID.randomUUID()), "disk", NOW);
    }

    private List<String> names(List<SnapshotResult> snapshots) {
        return snapshots.stream().map(one -> sr.vdi(one.vdi()).name()).toList();
    }

    @Test
    void snapshotsOfOneSecondHaveNamesOfTheirOwn() {
        VdiId disk = create("disk");

        assertThat(names(sr.snapshot(List.of(unnamed(disk))))).containsExactly(NAME);
        assertThat(names(sr.snapshot(List.of(unnamed(disk))))).containsExactly(NAME + " (2)");
        assertThat(names(sr.snapshot(List.of(unnamed(disk))))).containsExactly(NAME + " (3)");
    }

    @Test
    void snapshotsOfOneInstantHaveNamesOfTheirOwn() {
        List<SnapshotSpec> specs = List.of(unnamed(create("disk")), unnamed(create("disk")));

        assertThat(names(sr.snapshot(specs))).containsExactly(NAME, NAME + " (2)");
    }

    @Test
    void whatAnyDiskIsCalledIsTakenAlsoWithoutItsData() {
        VdiId disk = create(NAME);
        VdiId kept = sr.snapshot(List.of(disk), NAME + " (2)").get(0).vdi();
        sr.destroyData(kept);

        assertThat(names(sr.snapshot(List.of(unnamed(disk))))).containsExactly(NAME + " (3)");
    }

    @Test
    void aNameThatWasGivenStaysAsItIs() {
        VdiId disk = create("disk");
        SnapshotSpec given = new SnapshotSpec(disk, new VdiId(UUID.randomUUID()), "disk", Map.of());

        assertThat(names(sr.snapshot(List.of(given)))).containsExactly("disk");
    }

    @Test
    void whoTakesThemAtATimeGetsNamesOfTheirOwn() {
        List<CompletableFuture<List<SnapshotResult>>> taking = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            VdiId disk = create("disk");
            taking.add(CompletableFuture.supplyAsync(() -> sr.snapshot(List.of(unnamed(disk)))));
        }
        List<String> names =
                taking.stream().flatMap(one -> names(one.join()).stream()).toList();

        assertThat(names).containsExactlyInAnyOrder(NAME, NAME + " (2)", NAME + " (3)", NAME + " (4)");
    }
}
