package io.catena.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.format.DiskType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What takes time by the square of the files does not end here. */
@Timeout(60)
class VhdScanTest {
    private static final int MANY = 100_000;

    private static ScannedVhd file(String name, int id, @Nullable Integer parent, @Nullable String parentName) {
        return new ScannedVhd(
                Path.of(name),
                parent == null ? DiskType.DYNAMIC : DiskType.DIFFERENCING,
                4096,
                2048,
                false,
                null,
                new UUID(1, id),
                parent == null ? null : new UUID(1, parent),
                parentName,
                null,
                null);
    }

    /** Each builds on the next, so that the way from the first to its root is the longest. */
    private static List<ScannedVhd> chain(boolean isCircle) {
        List<ScannedVhd> files = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            boolean isRoot = i == MANY - 1 && !isCircle;
            int parent = (i + 1) % MANY;
            files.add(file("n" + i, i, isRoot ? null : parent, isRoot ? null : "n" + parent));
        }
        return files;
    }

    @Test
    void aLongChainIsLinked() {
        List<ScannedVhd> linked = VhdScan.link(chain(false));

        assertThat(linked.get(0).parent()).isEqualTo(Path.of("n1"));
        assertThat(linked).extracting(ScannedVhd::problem).containsOnlyNulls();
    }

    @Test
    void aLargeCircleAndWhatBuildsOnItAreTold() {
        List<ScannedVhd> files = chain(true);
        files.add(file("on-it", MANY, 7, "n7"));
        files.add(file("apart", MANY + 1, null, null));

        List<ScannedVhd> linked = VhdScan.link(files);

        assertThat(linked.get(MANY + 1).problem()).isNull();
        assertThat(linked.subList(0, MANY + 1))
                .allSatisfy(file -> assertThat(file.problem()).contains("circle"));
    }

    /** Of those with the id that is wanted the one with the name is the parent, else the first. */
    @Test
    void manyWithOneIdAreToldApartByTheirNames() {
        List<ScannedVhd> files = new ArrayList<>();
        for (int i = 0; i < MANY / 2; i++) {
            files.add(file("twin" + i, 1, null, null));
            files.add(file("child" + i, 2 + i, 1, i == 5 ? "elsewhere" : "twin" + i));
        }

        List<ScannedVhd> linked = VhdScan.link(files);

        assertThat(linked.get(MANY - 1).parent()).isEqualTo(Path.of("twin" + (MANY / 2 - 1)));
        assertThat(linked.get(11).parent()).isEqualTo(Path.of("twin0"));
    }
}
