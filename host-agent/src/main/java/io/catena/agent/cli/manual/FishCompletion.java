package io.catena.agent.cli.manual;

import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;

/** What fish completes words with. Source of the format: fish's {@code complete(1)}. */
final class FishCompletion {
    private final String program;
    private final StringBuilder script = new StringBuilder();

    private FishCompletion(String program) {
        this.program = program;
    }

    static String of(CommandLine command) {
        FishCompletion completion = new FishCompletion(command.getCommandName());
        completion.add(command, "");
        return completion.script.toString();
    }

    /**
     * Adds a command and those below it.
     *
     * @param condition when its words are expected; empty for the outermost command
     */
    private void add(CommandLine command, String condition) {
        String names = String.join(" ", command.getSubcommands().keySet());
        command.getSubcommands().forEach((name, below) -> {
            String here = condition.isEmpty() ? "__fish_use_subcommand" : condition + not(names);
            line(
                    here,
                    "-f -a " + name,
                    text(below.getCommandSpec().usageMessage().description()));
            String inside = "__fish_seen_subcommand_from " + name;
            add(below, condition.isEmpty() ? inside : condition + "; and " + inside);
        });
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (!option.hidden() && (condition.isEmpty() || !option.inherited())) {
                line(condition, names(option), text(option.description()));
            }
        }
    }

    private static String not(String names) {
        return "; and not __fish_seen_subcommand_from " + names;
    }

    private static String names(OptionSpec option) {
        StringBuilder names = new StringBuilder();
        Stream.of(option.names())
                .forEach(name -> names.append(
                                name.startsWith("--") ? "-l " + name.substring(2) : "-s " + name.substring(1))
                        .append(' '));
        return names.append(option.arity().max() > 0 ? "-r" : "").toString().strip();
    }

    private void line(String condition, String what, String description) {
        script.append("complete -c ").append(program);
        if (!condition.isEmpty()) {
            script.append(" -n ").append(quoted(condition));
        }
        script.append(' ')
                .append(what)
                .append(" -d ")
                .append(quoted(description))
                .append('\n');
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    private static String text(String... lines) {
        return Ansi.OFF
                .string(String.format(Locale.ROOT, String.join(" ", lines)))
                .strip();
    }
}
