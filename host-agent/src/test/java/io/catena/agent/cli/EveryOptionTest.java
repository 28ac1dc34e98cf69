package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Size;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Every option of every command can be given: picocli finds out that a type has no converter only when it is. */
@Tag("slow")
final class EveryOptionTest {
    private static final Set<Class<?>> ANY_TEXT = Set.of(String.class, Path.class);

    /** To make it takes long; each parse begins anew. */
    private static final CommandLine CATENA = Catena.commandLine(session(new StringWriter()));

    private final StringWriter err = new StringWriter();

    /**
     * An option of a command.
     *
     * @param command the words that call it
     */
    record Case(List<String> command, OptionSpec option) {
        @Override
        public String toString() {
            return String.join(" ", command) + " " + option.longestName();
        }
    }

    static Stream<Case> options() {
        List<Case> cases = new ArrayList<>();
        collect(CATENA, List.of(), cases);
        return cases.stream();
    }

    static Stream<Case> optionsThatRefuseSome() {
        return options().filter(c -> c.option().arity().max() > 0 && !ANY_TEXT.contains(typeOf(c.option())));
    }

    private static void collect(CommandLine command, List<String> words, List<Case> cases) {
        command.getCommandSpec().options().stream()
                .filter(option -> !option.usageHelp() && !option.versionHelp())
                .forEach(option -> cases.add(new Case(words, option)));
        command.getSubcommands().forEach((name, below) -> {
            List<String> longer = new ArrayList<>(words);
            longer.add(name);
            collect(below, longer, cases);
        });
    }

    @Test
    void thereAreOptionsOfManyTypes() {
        assertThat(options().count()).isGreaterThan(100);
        assertThat(options().map(c -> typeOf(c.option()).getSimpleName())).contains("Size", "Integer", "Path");
    }

    @Test
    void eachSaysWhatItIsFor() {
        assertThat(undescribed(CATENA)).isEmpty();
    }

    private static List<String> undescribed(CommandLine command) {
        List<String> found = new ArrayList<>();
        CommandLine.Model.CommandSpec spec = command.getCommandSpec();
        for (ArgSpec each : spec.args()) {
            if (!each.hidden() && String.join("", each.description()).isBlank()) {
                found.add(spec.qualifiedName() + " "
                        + (each instanceof OptionSpec option ? option.longestName() : each.paramLabel()));
            }
        }
        command.getSubcommands().values().forEach(below -> found.addAll(undescribed(below)));
        return found;
    }

    @ParameterizedTest
    @MethodSource("options")
    void aGoodValueIsTaken(Case tried) {
        assertThatCode(() -> CATENA.parseArgs(arguments(tried, true)))
                .as("%s", List.of(arguments(tried, true)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @MethodSource("optionsThatRefuseSome")
    void aBadValueIsWrongUsageToldInOneLine(Case tried) {
        String[] arguments = arguments(tried, false);
        assertThat(Catena.run(session(err), arguments))
                .as("%s", List.of(arguments))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("catena: ")
                .contains(tried.option().longestName(), "bad?value", "see \"catena");
    }

    /** Returns the command with all that it requires, and the option. */
    private static String[] arguments(Case tried, boolean good) {
        CommandLine command = CATENA;
        for (String word : tried.command()) {
            command = Objects.requireNonNull(command.getSubcommands().get(word), word);
        }
        List<String> all = new ArrayList<>(tried.command());
        command.getCommandSpec().options().stream()
                .filter(option -> option.required() && option.group() == null)
                .filter(option -> !option.longestName().equals(tried.option().longestName()))
                .forEach(option -> add(option, true, all));
        add(tried.option(), good, all);
        command.getCommandSpec().positionalParameters().stream()
                .filter(ArgSpec::required)
                .forEach(parameter -> all.add(goodValue(parameter)));
        if (!command.getSubcommands().isEmpty()) {
            addSmallestCommandBelow(command, all);
        }
        return all.toArray(String[]::new);
    }

    private static void addSmallestCommandBelow(CommandLine command, List<String> all) {
        String name = command.getSubcommands().containsKey("sr")
                ? "sr"
                : command.getSubcommands().keySet().stream()
                        .filter(n -> n.equals("ls") || n.equals("info") || n.equals("status"))
                        .findFirst()
                        .orElse("");
        CommandLine below = command.getSubcommands().get(name);
        if (below != null) {
            all.add(name);
            below.getCommandSpec().positionalParameters().stream()
                    .filter(ArgSpec::required)
                    .forEach(parameter -> all.add(goodValue(parameter)));
            addSmallestCommandBelow(below, all);
        }
    }

    private static void add(OptionSpec option, boolean good, List<String> all) {
        all.add(option.longestName());
        if (option.arity().min() > 0) {
            all.add(good ? goodValue(option) : "bad?value");
        }
    }

    private static Class<?> typeOf(ArgSpec argument) {
        return argument.isMultiValue() ? argument.auxiliaryTypes()[0] : argument.type();
    }

    private static String goodValue(ArgSpec argument) {
        Class<?> type = typeOf(argument);
        if (type.isEnum()) {
            return ((Enum<?>) type.getEnumConstants()[0]).name().toLowerCase(Locale.ROOT);
        }
        if (type == Size.class) {
            return "1.5G";
        }
        return argument.typeInfo().isMap() ? "key=1" : "1";
    }

    private static Session session(StringWriter err) {
        return new Session(new PrintWriter(new StringWriter()), new PrintWriter(err), Map.of(), false);
    }
}
