package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.cli.session.Session;
import io.catena.agent.demo.Scale;
import io.catena.agent.demo.Tour;
import io.catena.agent.demo.TourReport;
import io.catena.api.Job;
import io.catena.api.TreeNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tour with small disks, and an agent in a process of its own. */
@Timeout(120)
@Tag("slow")
final class DemoTest {
    private final StringWriter out = new StringWriter();

    @TempDir
    private Path directory;

    private Path scratch;
    private Path files;

    @BeforeEach
    void makeDirectories() throws IOException {
        scratch = Files.createDirectory(directory.resolve("scratch"));
        files = Files.createDirectory(directory.resolve("kept"));
    }

    @Test
    void theTourPassesAllItsChecks() throws IOException {
        DemoOutput output = new PrintedDemoOutput(session(Map.of()));
        try (Tour tour = new Tour(Scale.SMALL, scratch, files, DemoCommand.agentCommand(), output)) {
            tour.run();
        }
        output.end(Duration.ofMillis(1234), files);

        assertThat(out.toString())
                .contains(
                        " 1. Start an agent\n",
                        "$ catena vdi snapshot disk --name monday",
                        "writes were held back for ",
                        "`- ",
                        "ok every answered record is there",
                        "12. Detach the disks, stop the agent",
                        " checks passed in 1.2 s.")
                .doesNotContain("✓", "├");
        assertThat(out.toString().lines().filter(line -> line.startsWith("    ok ")))
                .hasSizeGreaterThanOrEqualTo(12);
        assertThat(scratch).doesNotExist();
        assertThat(files.resolve("sr/.catena/sr.json")).exists();
        assertThat(files.resolve("sr/.catena/session.json")).doesNotExist();
    }

    @Test
    void aTourThatIsAbortedFailsAndLeavesNoAgentBehind() throws IOException {
        AbortingReport output = new AbortingReport();
        try (Tour tour = new Tour(Scale.SMALL, scratch, files, DemoCommand.agentCommand(), output)) {
            output.tour = tour;
            assertThatThrownBy(tour::run).hasMessageContaining("the tour was ended before");
        }
        assertThat(ProcessHandle.of(output.agentPid)).isNotPresent();
        assertThat(scratch).doesNotExist();
    }

    @Test
    void anAgentThatDoesNotStartIsToldWithItsLog() {
        DemoOutput output = new PrintedDemoOutput(session(Map.of()));
        assertThatThrownBy(() -> {
                    try (Tour tour = new Tour(Scale.SMALL, scratch, files, List.of("/bin/echo", "no"), output)) {
                        tour.run();
                    }
                })
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "the agent says \"no --run-dir",
                        files.resolve("agent.log").toString());
        assertThat(scratch).doesNotExist();
    }

    @Test
    void aDirectoryWithFilesIsNotUsedToKeepOthers() throws IOException {
        Path precious = Files.writeString(files.resolve("precious"), "content");

        int exitCode = Catena.run(session(Map.of()), "demo", "--keep", files.toString());

        assertThat(exitCode).isEqualTo(1);
        assertThat(out.toString()).contains("is not empty");
        assertThat(precious).hasContent("content");
    }

    @Test
    void aPortThatIsTakenIsToldWithAWayOut() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            assertThat(Catena.run(session(Map.of()), "demo", "--web", "--port", port))
                    .isEqualTo(1);
            assertThat(out.toString()).contains("Port " + port + " of 127.0.0.1 cannot be had", "--port 0");
        }
    }

    private Session session(Map<String, String> environment) {
        PrintWriter both = new PrintWriter(out);
        return new Session(both, both, environment, false);
    }

    /** Aborts the tour as soon as its agent runs. */
    private static final class AbortingReport implements TourReport {
        private @Nullable Tour tour;
        private long agentPid;

        @Override
        public void step(String title, String explanation, String command) {}

        @Override
        public void fact(String name, Object value, String text) {
            if (name.equals("agentPid")) {
                agentPid = (long) value;
                try {
                    Objects.requireNonNull(tour).abort();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        @Override
        public void passed(String name, String text) {}

        @Override
        public void tree(List<TreeNode> roots) {}

        @Override
        public void progress(Job job) {}
    }
}
