package io.catena.agent.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.RunDirectoryChoice;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Table;
import io.catena.agent.config.ConfigFile;
import io.catena.agent.config.ConfigFile.Entry;
import io.catena.agent.config.ConfigProblem;
import io.catena.agent.config.NearMiss;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The options of {@code catena agent} from a configuration file, under those of the command line. A key is the name of an
 * option without its dashes; what the command line has of an option replaces all that the file has of it.
 */
final class AgentConfiguration {
    static final Path SYSTEM_FILE = Path.of("/etc/catena/agent.conf");

    /** Only of the command line: the file that is read, and what is done with it. */
    static final Set<String> NOT_IN_FILES = Set.of("config", "check-config");

    /** What a running agent takes over; all else waits for its restart. */
    static final Set<String> RELOADABLE =
            Set.of("log-level", "zero-detection", "allow-parent", "nbd-tls-certificate", "nbd-tls-key", "nbd-tls-ca");

    private static final Logger LOG = Logger.getLogger(AgentConfiguration.class.getName());
    private static final String DASHES = "--";

    private final Session session;
    private final CommandLine given;
    private final @Nullable Path file;

    /** What the agent started with, by key. */
    private @Nullable Map<String, List<String>> started;

    private Map<String, List<String>> latest = Map.of();

    /**
     * @param given the command line, which has been parsed
     * @param chosen the file that it names; null for the one of this system
     */
    AgentConfiguration(Session session, CommandLine given, @Nullable Path chosen) {
        this.session = session;
        this.given = given;
        file = chosen != null || !isOfThisSystem(session.runDirectory()) ? chosen : SYSTEM_FILE;
    }

    /** An agent with another run directory is not the one that the system's file is for. */
    private static boolean isOfThisSystem(Path runDirectory) {
        return runDirectory.equals(RunDirectoryChoice.SYSTEM) && Files.exists(SYSTEM_FILE);
    }

    Optional<Path> file() {
        return Optional.ofNullable(file);
    }

    /**
     * Returns the command as the file and the command line together make it. To be asked again after the file has changed.
     *
     * @throws ParameterException if the file holds anything that is not right; nothing of it is used then
     */
    synchronized AgentCommand read() {
        if (file == null) {
            return given.getCommand();
        }
        ConfigFile content = content(file);
        List<ConfigProblem> problems = problems(content);
        if (!problems.isEmpty()) {
            throw new ParameterException(
                    given,
                    problems.stream().map(problem -> place(file, problem)).collect(Collectors.joining("; ")));
        }
        Map<String, List<String>> values = new HashMap<>();
        content.entries().forEach(entry -> values.put(entry.key(), entry.values()));
        started = started == null ? values : started;
        latest = values;
        return command(content.entries().stream());
    }

    /** Tells on stdout what is wrong; returns the exit code. */
    int check() {
        List<ConfigProblem> problems = new ArrayList<>();
        try {
            if (file != null) {
                problems.addAll(problems(content(file)));
            }
            if (problems.isEmpty()) {
                read().options();
            }
        } catch (ParameterException | SrException e) {
            problems.add(new ConfigProblem(0, String.valueOf(e.getMessage())));
        }
        JsonObject json = new JsonObject();
        json.addProperty("file", file == null ? null : file.toString());
        JsonArray list = new JsonArray();
        problems.forEach(problem -> list.add(json(problem)));
        json.add("problems", list);
        session.print(json, () -> problems.isEmpty() ? "no problems" : text(problems));
        return problems.isEmpty() ? 0 : 1;
    }

    private static JsonObject json(ConfigProblem problem) {
        JsonObject json = new JsonObject();
        json.addProperty("line", problem.line());
        json.addProperty("text", problem.text());
        return json;
    }

    /** Logs that the file was read again, and which of its changes wait for a restart. */
    synchronized void logReload() {
        Map<String, List<String>> before = started == null ? Map.of() : started;
        Set<String> waiting = new TreeSet<>(before.keySet());
        waiting.addAll(latest.keySet());
        waiting.removeIf(key -> RELOADABLE.contains(key)
                || before.getOrDefault(key, List.of()).equals(latest.getOrDefault(key, List.of())));
        LOG.info(LogLine.of(
                "config-reloaded", "file", String.valueOf(file), "waiting-for-restart", String.join(",", waiting)));
    }

    private String text(List<ConfigProblem> problems) {
        Path name = file == null ? Path.of("catena agent") : file;
        return problems.stream()
                .map(problem -> Table.printable(place(name, problem)))
                .collect(Collectors.joining("\n"));
    }

    private ConfigFile content(Path path) {
        try {
            return ConfigFile.read(path);
        } catch (IOException e) {
            throw new ParameterException(given, "the configuration " + path + " cannot be read: " + e, e);
        }
    }

    private static String place(Path file, ConfigProblem problem) {
        return problem.line() == 0 ? file + ": " + problem.text() : file + ":" + problem.line() + ": " + problem.text();
    }

    private List<ConfigProblem> problems(ConfigFile content) {
        List<ConfigProblem> problems = new ArrayList<>(content.problems());
        for (Entry entry : content.entries()) {
            problem(entry).ifPresent(text -> problems.add(new ConfigProblem(entry.line(), text)));
        }
        return problems;
    }

    private Optional<String> problem(Entry entry) {
        OptionSpec option = option(entry.key());
        if (option == null) {
            return Optional.of("there is no \"" + entry.key() + "\"" + suggestion(entry.key()));
        }
        if (entry.values().size() != 1 && !option.isMultiValue()) {
            return Optional.of("\"" + entry.key() + "\" takes one value, found "
                    + entry.values().size());
        }
        try {
            parse(arguments(entry).toArray(String[]::new));
            return Optional.empty();
        } catch (ParameterException e) {
            String reason = String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
            return Optional.of(reason.replace("option '" + DASHES + entry.key() + "'", "\"" + entry.key() + "\""));
        }
    }

    private @Nullable OptionSpec option(String key) {
        OptionSpec option = given.getCommandSpec().findOption(DASHES + key);
        return option == null || option.inherited() || NOT_IN_FILES.contains(key) ? null : option;
    }

    private String suggestion(String key) {
        List<String> keys = given.getCommandSpec().options().stream()
                .map(option -> option.longestName().substring(DASHES.length()))
                .filter(name -> option(name) != null)
                .toList();
        return NearMiss.of(key, keys)
                .map(name -> "; did you mean \"" + name + "\"?")
                .orElse("; each key is an option of \"catena agent\", without its dashes");
    }

    private AgentCommand command(Stream<Entry> entries) {
        List<OptionSpec> matched = given.getParseResult().matchedOptions().stream()
                .filter(option -> !option.inherited())
                .toList();
        Set<String> ofCommandLine =
                matched.stream().map(OptionSpec::longestName).collect(Collectors.toSet());
        List<String> all = new ArrayList<>();
        entries.filter(entry -> !ofCommandLine.contains(DASHES + entry.key()))
                .forEach(entry -> all.addAll(arguments(entry)));
        matched.forEach(option -> all.addAll(arguments(option)));
        return parse(all.toArray(String[]::new));
    }

    private static List<String> arguments(Entry entry) {
        return entry.values().stream()
                .map(value -> DASHES + entry.key() + "=" + value)
                .toList();
    }

    private static List<String> arguments(OptionSpec option) {
        List<String> values = option.originalStringValues();
        return values.isEmpty()
                ? List.of(option.longestName())
                : values.stream()
                        .map(value -> option.longestName() + "=" + value)
                        .toList();
    }

    /** Its errors name the command as users call it. */
    private AgentCommand parse(String... arguments) {
        AgentCommand command = new AgentCommand(session);
        try {
            CommandLine line = new CommandLine(command);
            line.getCommandSpec().parent(given.getCommandSpec().parent());
            line.setErr(given.getErr())
                    .setCaseInsensitiveEnumValuesAllowed(true)
                    .parseArgs(arguments);
            return command;
        } catch (ParameterException e) {
            throw new ParameterException(given, String.valueOf(e.getMessage()), e);
        }
    }
}
