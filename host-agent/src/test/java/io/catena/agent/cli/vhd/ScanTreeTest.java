package io.catena.agent.cli.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.cli.text.TreeView;
import io.catena.api.TreeNode;
import io.catena.format.DiskType;
import io.catena.tool.ScannedVhd;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ScanTreeTest {
    private static ScannedVhd file(String name, @Nullable String parent, @Nullable String problem) {
        return new ScannedVhd(
                Path.of(name),
                DiskType.DYNAMIC,
                4096,
                2048,
                false,
                null,
                null,
                null,
                parent,
                parent == null ? null : Path.of(parent),
                problem);
    }

    @Test
    @Tag("slow")
    void aChainOfManyFilesIsDrawnInPieces() {
        int length = 50_000;
        List<ScannedVhd> files = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            files.add(file("n" + i, i == 0 ? null : "n" + (i - 1), null));
        }

        String drawn = new TreeView(true).draw(ScanTree.of(files));

        assertThat(drawn.lines()).hasSize(length);
        assertThat(drawn).contains("shown apart: n49900 on it").contains("builds on n49899");
    }

    @Test
    void whatIsInACircleIsARootWithoutChildren() {
        String problem = "its parents lead in a circle";
        List<TreeNode> roots = ScanTree.of(List.of(file("a", "b", problem), file("b", "a", problem)));

        assertThat(roots).extracting(TreeNode::file).containsExactly("a", "b");
        assertThat(roots).extracting(TreeNode::children).containsOnly(List.of());
    }
}
