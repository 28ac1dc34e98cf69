package io.catena.agent.cli;

import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.vdi.VdiCommands;
import io.catena.agent.cli.vhd.VhdCommand;
import io.catena.agent.log.Logs;
import io.catena.agent.log.Version;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code catena}: where the command line is put together, and where a failure becomes an exit code. */
@Command(
        name = "catena",
        description = "A storage backend for hypervisors over chains of VHD files.",
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage. SRs and VDIs are UUIDs or unique names."},
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false)
public final class Catena {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    /** Set by the launcher; the JVM cannot ask whether stdout is a terminal. */
    private static final String TERMINAL = "catena.terminal";

    /** By name, in the order in which the help shows them. */
    private static final Map<String, Function<Session, Object>> COMMANDS = commands();

    private final Session session;

    private Catena(Session session) {
        this.session = session;
    }

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.setProperty("java.util.logging.manager", Logs.Lasting.class.getName());
        Session session = new Session(
                utf8(FileDescriptor.out), utf8(FileDescriptor.err), System.getenv(), Boolean.getBoolean(TERMINAL));
        System.exit(run(session, args));
    }

    /**
     * Runs one command and returns its exit code. Only the one that is meant is put together, since all of them take longer
     * than most commands do; for help, or if none is found, all are.
     */
    static int run(Session session, String... args) {
        List<String> words = List.of(args);
        Optional<String> meant = words.stream().filter(COMMANDS::containsKey).findFirst();
        if (meant.isEmpty() || words.contains("-h") || words.contains("--help")) {
            return commandLine(session).execute(args);
        }
        return commandLine(session, Set.of(meant.get()))
                .setParameterExceptionHandler(
                        (wrong, arguments) -> wrong.getCommandLine().getParent() == null
                                ? commandLine(session).execute(args)
                                : tellUsage(wrong))
                .execute(args);
    }

    static CommandLine commandLine(Session session) {
        return commandLine(session, COMMANDS.keySet());
    }

    private static CommandLine commandLine(Session session, Set<String> names) {
        CommandLine catena = new CommandLine(new Catena(session));
        COMMANDS.forEach((name, command) -> {
            if (names.contains(name)) {
                catena.addSubcommand(command.apply(session));
            }
        });
        catena.getCommandSpec().version("catena " + Version.TEXT);
        return catena.setOut(session.out())
                .setErr(session.err())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler((wrong, arguments) -> tellUsage(wrong))
                .setExecutionExceptionHandler((failure, command, parsed) -> fail(session, failure));
    }

    private static Map<String, Function<Session, Object>> commands() {
        Map<String, Function<Session, Object>> commands = new LinkedHashMap<>();
        commands.put("demo", DemoCommand::new);
        commands.put("agent", AgentCommand::new);
        commands.put("sr", SrCommands::new);
        commands.put("vdi", VdiCommands::commandLine);
        commands.put("gc", GcCommands::new);
        commands.put("job", JobCommands::new);
        commands.put("schedule", ScheduleCommands::new);
        commands.put("token", TokenCommands::new);
        commands.put("client", ClientCommands::new);
        commands.put("events", EventsCommand::new);
        commands.put("doctor", DoctorCommand::new);
        commands.put("support-bundle", SupportBundleCommand::new);
        commands.put("version", VersionCommand::new);
        commands.put("host", HostCommands::new);
        commands.put("libvirt", LibvirtCommands::new);
        commands.put("smapi", SmapiCommands::new);
        commands.put("vhd", session -> new VhdCommand(session::json));
        return commands;
    }

    /** One line tells what is wrong; the whole usage is for those who gave no command at all. */
    private static int tellUsage(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        PrintWriter err = command.getErr();
        String reason = String.valueOf(wrong.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
        if (wrong instanceof MissingParameterException missing
                && missing.getMissing().isEmpty()) {
            err.println(reason);
            command.usage(err);
        } else {
            err.println(
                    "catena: " + reason + "; see \"" + command.getCommandSpec().qualifiedName() + " --help\"");
            suggest(wrong, err);
        }
        err.flush();
        return WRONG_USAGE;
    }

    private static void suggest(ParameterException wrong, PrintWriter err) {
        Optional<String> meant = wrong instanceof UnmatchedArgumentException unmatched
                ? Synonyms.meant(
                        wrong.getCommandLine(), unmatched.getUnmatched().get(0))
                : Optional.empty();
        if (meant.isPresent()) {
            err.println("Did you mean: " + meant.get() + "?");
        } else {
            similar(wrong).ifPresent(found -> err.println("Did you mean: " + found + "?"));
        }
    }

    /** Returns the command that is spelt most like what was typed. */
    private static Optional<String> similar(ParameterException wrong) {
        return wrong instanceof UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions().stream()
                        .findFirst()
                        .map(found -> wrong.getCommandLine().getCommandSpec().qualifiedName() + " " + found)
                : Optional.empty();
    }

    private static int fail(Session session, Exception failure) {
        if (failure instanceof SrException known) {
            session.print(known);
        } else {
            session.print(new SrException(SrError.INTERNAL, failure.toString(), failure)
                    .correction("This is a fault in catena; please report it with what you did."));
        }
        return FAILED;
    }

    /** UTF-8 whatever the locale: JSON must be, and names are for people who chose them. */
    private static PrintWriter utf8(FileDescriptor descriptor) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8));
    }

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "Print one JSON document.")
    void json(boolean wanted) {
        session.json(wanted);
    }

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "The agent's run directory. Default: $$CATENA_RUN_DIR, else /run/catena for root and"
                    + " $$XDG_RUNTIME_DIR/catena for others.")
    void runDirectory(Path directory) {
        session.runDirectory(directory);
    }

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    void help(boolean wanted) {
        // picocli prints the help itself, of the command that was asked.
    }

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    void version(boolean wanted) {
        // picocli prints it.
    }
}
