package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.cli.session.RunDirectoryChoice;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.ProgressBar;
import io.catena.agent.cli.text.Screen;
import io.catena.agent.cli.text.Table;
import io.catena.agent.cli.text.TreeView;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.TreeNode;
import io.catena.api.VdiId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class OutputTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        Table table = new Table("NAME", ">SIZE", "STATE")
                .row("a", "1.0 GiB", "detached")
                .row("größer", "512 B", "");
        assertThat(table).hasToString("""
                NAME       SIZE  STATE
                a       1.0 GiB  detached
                größer    512 B
                """);
    }

    @Test
    void tablesFitTheScreenAndKeepIdsAndNumbers() {
        Table table = new Table("VDI", ">SIZE", "WHY", "PATH")
                .row("e6183bf1-8519", "1.0 GiB", "a reason with many words in it", "/a/path/of/some/length");
        assertThat(table.on(new Screen(60, false))).isEqualTo("""
                VDI               SIZE  WHY                PATH
                e6183bf1-8519  1.0 GiB  a reason with m..  /a/path/of/some..
                """);
        assertThat(table.on(new Screen(80, true)))
                .startsWith("\u001b[1mVDI")
                .contains("WHY")
                .contains("\u001b[0m\n");
    }

    @Test
    void theScreenIsWhatTheLauncherAndTheUserSay() {
        assertThat(Screen.terminal(Map.of("CATENA_COLUMNS", "132", "TERM", "xterm")))
                .isEqualTo(new Screen(132, true));
        assertThat(Screen.terminal(Map.of("TERM", "xterm", "NO_COLOR", "1"))).isEqualTo(Screen.NONE);
        assertThat(Screen.terminal(Map.of("CATENA_COLUMNS", "wide"))).isEqualTo(Screen.NONE);
    }

    @Test
    void anEmptyTableIsItsHeader() {
        assertThat(new Table("SR", ">SIZE")).hasToString("SR  SIZE\n");
    }

    @Test
    void namesCannotSteerTheTerminal() {
        assertThat(new Table("NAME").row("a\u001b[2J\nb")).hasToString("NAME\na?[2J?b\n");
        assertThat(new Facts().add("name", "a\rb")).hasToString("name  a?b\n");
    }

    @Test
    void factsLeaveOutWhatIsNotKnown() {
        assertThat(new Facts()
                        .add("vdi", 7)
                        .add("parent", null)
                        .add("problem", "")
                        .add("read-only", false))
                .hasToString("""
                        vdi        7
                        read-only  false
                        """);
    }

    @Test
    void treesAreDrawnWithLines() {
        assertThat(new TreeView(true).draw(forest())).isEqualTo("""
                00000000-0000-0000-0000-000000000001  4.0 MiB of 1.0 GiB  (base copy)
                ├─ 00000000-0000-0000-0000-000000000002  1.0 MiB of 1.0 GiB  (base copy)
                │  ├─ 00000000-0000-0000-0000-000000000003 disk  64.0 KiB of 1.0 GiB  (attached rw)
                │  └─ 00000000-0000-0000-0000-000000000004 monday  8.0 KiB of 1.0 GiB
                └─ 00000000-0000-0000-0000-000000000005 clone  8.0 KiB of 1.0 GiB
                   └─ deep.vhd  8.0 KiB of 1.0 GiB
                00000000-0000-0000-0000-000000000006 other  0 B of 1.0 GiB
                """);
    }

    @Test
    void treesAreDrawnInAsciiWhereThatIsAllThereIs() {
        assertThat(new TreeView(false).draw(forest())).isEqualTo("""
                00000000-0000-0000-0000-000000000001  4.0 MiB of 1.0 GiB  (base copy)
                |- 00000000-0000-0000-0000-000000000002  1.0 MiB of 1.0 GiB  (base copy)
                |  |- 00000000-0000-0000-0000-000000000003 disk  64.0 KiB of 1.0 GiB  (attached rw)
                |  `- 00000000-0000-0000-0000-000000000004 monday  8.0 KiB of 1.0 GiB
                `- 00000000-0000-0000-0000-000000000005 clone  8.0 KiB of 1.0 GiB
                   `- deep.vhd  8.0 KiB of 1.0 GiB
                00000000-0000-0000-0000-000000000006 other  0 B of 1.0 GiB
                """);
    }

    @Test
    void onATerminalTheBarIsDrawnOver() {
        StringWriter text = new StringWriter();
        ProgressBar bar = new ProgressBar(new PrintWriter(text), true);
        bar.show(job(Job.State.RUNNING, 1 << 20));
        bar.show(job(Job.State.DONE, 2 << 20));
        assertThat(text)
                .hasToString("\r\u001b[Kgc 7 [###############---------------] 1.0 MiB of 2.0 MiB, 512.0 KiB/s"
                        + "  merging, 2 s left"
                        + "\r\u001b[Kgc 7 [##############################] 2.0 MiB of 2.0 MiB, 512.0 KiB/s"
                        + "  done: merged 1 node" + System.lineSeparator());
    }

    @Test
    void elsewhereTheBarIsOneLineAtTheEnd() {
        StringWriter text = new StringWriter();
        ProgressBar bar = new ProgressBar(new PrintWriter(text), false);
        bar.show(job(Job.State.RUNNING, 1 << 20));
        assertThat(text.toString()).isEmpty();
        bar.show(job(Job.State.CANCELLED, 1 << 20));
        assertThat(text.toString().lines()).singleElement().asString().endsWith("cancelled");
    }

    @Test
    void theRunDirectoryIsTheFirstThatIsKnown() {
        Map<String, String> both = Map.of("CATENA_RUN_DIR", "/x", "XDG_RUNTIME_DIR", "/run/user/7");
        assertThat(RunDirectoryChoice.of(both, "root")).isEqualTo(Path.of("/x"));
        assertThat(RunDirectoryChoice.of(Map.of("XDG_RUNTIME_DIR", "/run/user/0"), "root"))
                .isEqualTo(Path.of("/run/catena"));
        assertThat(RunDirectoryChoice.of(Map.of("XDG_RUNTIME_DIR", "/run/user/7"), "ann"))
                .isEqualTo(Path.of("/run/user/7/catena"));
        assertThatThrownBy(() -> RunDirectoryChoice.of(Map.of(), "ann"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST));
    }

    private static List<TreeNode> forest() {
        TreeNode disk = node(3, "disk", 64 << 10, "attached rw");
        TreeNode monday = node(4, "monday", 8 << 10, "");
        TreeNode inner = node(2, "", 1 << 20, "base copy", disk, monday);
        TreeNode deep = new TreeNode(null, "deep.vhd", "", 1 << 30, 8 << 10, false, "", List.of());
        TreeNode clone = node(5, "clone", 8 << 10, "", deep);
        return List.of(node(1, "", 4 << 20, "base copy", inner, clone), node(6, "other", 0, ""));
    }

    private static TreeNode node(long id, String name, long physicalBytes, String note, TreeNode... children) {
        VdiId vdi = new VdiId(new UUID(0, id));
        boolean hidden = note.equals("base copy");
        return new TreeNode(vdi, vdi + ".vhd", name, 1 << 30, physicalBytes, hidden, note, List.of(children));
    }

    private static Job job(Job.State state, long doneBytes) {
        Instant ended = state.ended() ? Instant.EPOCH.plusSeconds(4) : null;
        String result = state == Job.State.DONE ? "merged 1 node" : "";
        SrId sr = new SrId(new UUID(1, 1));
        return new Job(
                7, "gc", sr, state, "merging", doneBytes, 2 << 20, 512 << 10, Instant.EPOCH, ended, result, null);
    }
}
