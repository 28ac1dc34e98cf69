package io.catena.agent.cli;

import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ProgressBar;
import io.catena.agent.cli.text.Table;
import io.catena.agent.cli.text.TreeView;
import io.catena.api.Job;
import io.catena.api.TreeNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Prints a demo, step by step, for humans. */
final class PrintedDemoOutput implements DemoOutput {
    private static final String INDENT = "    ";

    private final PrintWriter out;
    private final TreeView treeView;
    private final ProgressBar bar;
    private final String checkMark;
    private int steps;
    private int checks;

    PrintedDemoOutput(Session session) {
        out = session.out();
        treeView = session.treeView();
        bar = session.progressBar();
        checkMark = session.showsUnicode() ? "✓ " : "ok ";
    }

    @Override
    public void step(String title, String explanation, String command) {
        steps++;
        out.println((steps > 1 ? "\n" : "") + String.format(Locale.ROOT, "%2d. ", steps) + title);
        print(explanation);
        if (!command.isEmpty()) {
            print("$ catena " + command);
        }
        out.flush();
    }

    @Override
    public void fact(String name, Object value, String text) {
        if (!text.isEmpty()) {
            print(text);
        }
    }

    @Override
    public void passed(String name, String text) {
        checks++;
        print(checkMark + text);
    }

    @Override
    public void tree(List<TreeNode> roots) {
        treeView.draw(roots).lines().forEach(line -> print("  " + line));
    }

    @Override
    public void progress(Job job) {
        bar.show(job);
    }

    @Override
    public void end(Duration took, @Nullable Path kept) {
        out.println();
        out.printf(Locale.ROOT, "%d checks passed in %.1f s.%n", checks, took.toMillis() / 1000.0);
        out.println(
                kept == null
                        ? "All files of the demo are deleted; --keep DIR keeps them."
                        : Table.printable(
                                "Files: " + kept + "; to go on with them: catena sr attach " + kept.resolve("sr")));
        out.flush();
    }

    private void print(String text) {
        out.println(INDENT + Table.printable(text));
        out.flush();
    }
}
