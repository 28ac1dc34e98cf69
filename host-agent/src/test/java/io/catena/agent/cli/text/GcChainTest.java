package io.catena.agent.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.GcStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class GcChainTest {
    @Test
    void stepsWithNodesInCommonAreOneChainInWhateverOrder() {
        List<GcChain> chains = GcChain.of(List.of(
                step(GcStatus.Way.PUSH_DOWN, "b", "a", 1),
                step(GcStatus.Way.PUSH_DOWN, "d", "c", 10),
                step(GcStatus.Way.DRAIN, "z", "y", 100),
                step(GcStatus.Way.PUSH_DOWN, "c", "b", 20)));

        assertThat(chains).extracting(GcChain::bottom).containsExactlyInAnyOrder("a", "y");
        GcChain long3 = chains.stream()
                .filter(chain -> chain.bottom().equals("a"))
                .findFirst()
                .orElseThrow();
        assertThat(long3.ways()).isEqualTo("3 push down");
        assertThat(long3.bytesToMove()).isEqualTo(31);
        assertThat(long3.bytesNeeded()).isEqualTo(20);
    }

    @Test
    void whatIsDeletedIsOneLine() {
        List<GcChain> chains =
                GcChain.of(List.of(step(GcStatus.Way.DELETE, "a", null, 0), step(GcStatus.Way.DELETE, "b", null, 0)));
        assertThat(chains).singleElement().extracting(GcChain::bottom).isEqualTo("2 base copies");
    }

    private static GcStatus.Step step(GcStatus.Way way, String node, @Nullable String parent, long bytes) {
        return new GcStatus.Step(way, node, parent, bytes, bytes, bytes, "because", false);
    }
}
