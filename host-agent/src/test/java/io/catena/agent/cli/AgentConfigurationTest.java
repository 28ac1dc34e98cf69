package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.Agent;
import io.catena.agent.cli.session.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

@Tag("slow")
final class AgentConfigurationTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("agent.conf");
    }

    private String write(String... lines) throws IOException {
        return Files.write(file(), List.of(lines)).toString();
    }

    private int check(String... more) {
        String[] all = new String[more.length + 4];
        all[0] = "agent";
        all[1] = "--check-config";
        all[2] = "--config";
        all[3] = file().toString();
        System.arraycopy(more, 0, all, 4, more.length);
        return Catena.run(session(), all);
    }

    private Session session() {
        return new Session(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                Map.of("CATENA_RUN_DIR", directory.resolve("run").toString()),
                false);
    }

    private static List<OptionSpec> options() {
        CommandLine agent = Objects.requireNonNull(Catena.commandLine(new Session(
                        new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), Map.of(), false))
                .getSubcommands()
                .get("agent"));
        return agent.getCommandSpec().options().stream()
                .filter(option -> !option.inherited())
                .toList();
    }

    private static Set<String> keys() {
        return options().stream()
                .map(option -> option.longestName().substring(2))
                .filter(key -> !AgentConfiguration.NOT_IN_FILES.contains(key))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void goodFilesHaveNoProblems() throws IOException {
        write(
                "# a comment",
                "nbd-memory = \"256M\"",
                "nbd-connections = 12",
                "zero-detection = true",
                "nbd-plain-tcp = false",
                "allow-parent = [\"/srv/a\", \"/srv/b\"]",
                "log-level = \"warning\"",
                "libvirt = \"none\"");
        assertThat(check()).as("%s%s", out, err).isZero();
        assertThat(out.toString()).isEqualTo("no problems\n");
    }

    @Test
    void eachProblemHasItsLineAndWhatWasMeant() throws IOException {
        String name = write(
                "nbd-memry = \"256M\"",
                "",
                "nbd-connections = \"many\"",
                "libvirt = [\"a\", \"b\"]",
                "zero-detection = \"perhaps\"",
                "config = \"/etc/other\"",
                "json = true",
                "log-level = \"loud\"");
        assertThat(check()).isEqualTo(1);
        assertThat(out.toString().lines())
                .hasSize(7)
                .anySatisfy(line -> assertThat(line)
                        .startsWith(name + ":1: there is no \"nbd-memry\"; did you mean \"nbd-memory\"?"))
                .anySatisfy(line -> assertThat(line).startsWith(name + ":3: ").contains("many"))
                .anySatisfy(line -> assertThat(line).isEqualTo(name + ":4: \"libvirt\" takes one value, found 2"))
                .anySatisfy(line -> assertThat(line).startsWith(name + ":5: ").contains("perhaps"))
                .anySatisfy(line -> assertThat(line).startsWith(name + ":6: there is no \"config\""))
                .anySatisfy(line -> assertThat(line).startsWith(name + ":7: there is no \"json\""))
                .anySatisfy(line -> assertThat(line).startsWith(name + ":8: ").contains("loud"));
    }

    @Test
    void whatIsNoTomlIsToldWithItsLine() throws IOException {
        String name = write("nbd-connections = 12", "nbd-memory = 256M", "nbd-connections = 13", "[section]", "a = 1");
        assertThat(check("--json")).isEqualTo(1);
        assertThat(out.toString()).contains("\"file\":\"" + name + "\"", "\"line\":2", "\"line\":3");
    }

    @Test
    void optionsThatDoNotFitTogetherAreFoundWithoutStarting() throws IOException {
        write("api-listen = \"127.0.0.1:8443\"");
        assertThat(check()).isEqualTo(1);
        assertThat(out.toString()).contains("--api-certificate");
    }

    @Test
    void anAgentWithABadFileDoesNotStart() throws IOException {
        String name = write("nbd-conections = 3");
        assertThat(Catena.run(session(), "agent", "--config", name)).isEqualTo(2);
        assertThat(err.toString()).contains(name + ":1: ", "did you mean \"nbd-connections\"?");
    }

    @Test
    void aFileThatIsNotThereIsAnError() {
        assertThat(check()).isEqualTo(1);
        assertThat(out.toString()).contains("cannot be read");
    }

    @Test
    void theCommandLineOverridesTheFile() throws IOException {
        String name = write("nbd-readers = 3", "allow-parent = [\"/srv/a\", \"/srv/b\"]", "nbd-connections = 7");
        Session session = session();
        CommandLine root = Catena.commandLine(session);
        root.parseArgs("agent", "--config", name, "--nbd-readers", "5", "--allow-parent", "/srv/c", "--zero-detection");
        CommandLine agent = Objects.requireNonNull(root.getSubcommands().get("agent"));
        Agent.Options options =
                new AgentConfiguration(session, agent, file()).read().options();
        assertThat(options.limits().maxReaders()).isEqualTo(5);
        assertThat(options.limits().maxConnections()).isEqualTo(7);
        assertThat(options.allowedParents()).containsExactly(Path.of("/srv/c"));
        assertThat(options.zeroDetection()).isTrue();
    }

    @Test
    void onlyOptionsAreReloaded() {
        assertThat(keys()).containsAll(AgentConfiguration.RELOADABLE);
    }

    /** And the other way round: the table of the manual has no key that is none. */
    @Test
    void everyOptionHasItsKeyInTheManualAndInTheSample() throws IOException {
        assertThat(keysOf(Path.of("ADMIN.md"), "\\| `([a-z-]+)` \\| `.*")).isEqualTo(keys());
        assertThat(keysOf(Path.of("src/package/agent.conf"), "#?([a-z-]+) = .*"))
                .isEqualTo(keys());
    }

    @Test
    void theSampleIsAGoodFileAsItIsAndWithAllItsLines() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/package/agent.conf"));
        Files.write(file(), lines);
        assertThat(check()).as("%s", out).isZero();
        Files.write(
                file(),
                lines.stream()
                        .map(line -> line.replaceFirst("^#([a-z-]+ = )", "$1"))
                        .filter(line -> !line.matches("(api-|cluster-url|nbd-tls-|nbd-listen).*"))
                        .toList());
        assertThat(check()).as("%s", out).isZero();
    }

    private static Set<String> keysOf(Path file, String pattern) throws IOException {
        Pattern row = Pattern.compile(pattern);
        return Files.readAllLines(file).stream()
                .map(row::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
