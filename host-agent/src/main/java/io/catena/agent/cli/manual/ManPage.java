package io.catena.agent.cli.manual;

import io.catena.agent.log.Version;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** A command's page. Source of the format: {@code man(7)}. */
final class ManPage {
    private final StringBuilder page = new StringBuilder();

    private ManPage() {}

    /** Returns the name of a command's page: {@code catena-vdi-create}. */
    static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName("-");
    }

    static String of(CommandLine command) {
        ManPage page = new ManPage();
        page.head(command);
        page.options(command.getCommandSpec());
        page.commands(command);
        page.foot(command);
        return page.page.toString();
    }

    private void head(CommandLine command) {
        UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        String description = text(usage.description());
        String name = name(command);
        line(".TH \"" + name.toUpperCase(Locale.ROOT) + "\" 1 \"\" \"catena " + Version.TEXT + "\" \"Catena\"");
        section("NAME");
        line(escape(name) + " \\- " + escape(description.isEmpty() ? name : description));
        section("SYNOPSIS");
        // No hyphenation, no filling: the synopsis keeps its lines.
        line(".nh\n.nf");
        usage.width(100);
        line(escape(command.getHelp().synopsis(0).stripTrailing()));
        line(".fi\n.hy");
    }

    private void options(CommandSpec spec) {
        if (!spec.positionalParameters().isEmpty()) {
            section("ARGUMENTS");
            for (PositionalParamSpec parameter : spec.positionalParameters()) {
                item(parameter.paramLabel(), text(parameter.description()));
            }
        }
        section("OPTIONS");
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                String value = option.arity().max() > 0 ? " " + option.paramLabel() : "";
                item(String.join(", ", option.names()) + value, text(option.description()));
            }
        }
    }

    private void commands(CommandLine command) {
        if (command.getSubcommands().isEmpty()) {
            return;
        }
        section("COMMANDS");
        command.getSubcommands()
                .forEach((name, below) -> item(
                        name,
                        text(below.getCommandSpec().usageMessage().description()) + " See " + name(below) + "(1)."));
    }

    private void foot(CommandLine command) {
        section("EXIT STATUS");
        line("0 done, 1 failed, 2 wrong usage.");
        CommandSpec parent = command.getCommandSpec().parent();
        if (parent != null) {
            section("SEE ALSO");
            line(escape(parent.qualifiedName("-")) + "(1)");
        }
    }

    private void section(String title) {
        line(".SH \"" + title + "\"");
    }

    private void item(String term, String text) {
        line(".TP");
        line("\\fB" + escape(term) + "\\fR");
        line(escape(text));
    }

    private void line(String text) {
        page.append(text).append('\n');
    }

    /** Without the marks that picocli has for colours. */
    private static String text(String... lines) {
        return Ansi.OFF
                .string(String.format(Locale.ROOT, String.join(" ", lines)))
                .strip();
    }

    private static String escape(String text) {
        String escaped = text.replace("\\", "\\e").replace("-", "\\-");
        return escaped.replaceAll("(?m)^([.'])", "\\\\&$1");
    }
}
