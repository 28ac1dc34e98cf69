package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.cli.session.Session;
import io.catena.agent.remedy.CommandWords;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/** What errors recommend can be typed in: each command, and each option that a source gives it, exists. */
@Tag("slow")
final class RemedyCommandsTest {
    private static final Pattern CALL = Pattern.compile("Verb\\.([A-Z_]+)|\\.with\\(\\s*\"(\\w+)\"");
    private static final Pattern COMMAND_LINE =
            Pattern.compile("\"[^\"\\n]*\\bcatena (?:sr|vdi|gc|job|vhd|libvirt|agent|host|schedule|token|client)\\b");

    /** Below each of them no error is in the words of one face. */
    private static final List<String> PLACES = Stream.concat(
                    Stream.of("sm-api/src/main", "driver/src/main"),
                    Stream.of(
                                    "host",
                                    "guest",
                                    "schedule",
                                    "cluster",
                                    "follow",
                                    "api/auth",
                                    "libvirt",
                                    "mount",
                                    "control/route",
                                    "control/client")
                            .map(room -> "host-agent/src/main/java/io/catena/agent/" + room))
            .toList();

    @ParameterizedTest
    @EnumSource(Verb.class)
    void everyVerbIsACommandThatTakesItsSubjects(Verb verb) {
        CommandLine command = command(verb);

        assertThat(command.getCommandSpec().positionalParameters())
                .hasSizeGreaterThanOrEqualTo(verb.subjects().size());
    }

    @Test
    void everyOptionThatIsRecommendedExists() {
        List<String> unknown = new ArrayList<>();
        int options = 0;
        for (Path file : sources()) {
            Verb last = null;
            for (Matcher call = CALL.matcher(text(file)); call.find(); ) {
                if (call.group(1) != null) {
                    last = Verb.valueOf(call.group(1));
                } else if (last != null) {
                    options++;
                    String option = CommandWords.of(new Remedy(last, Map.of(call.group(2), Remedy.ON)))
                            .replaceFirst(".* ", "");
                    if (command(last).getCommandSpec().findOption(option) == null) {
                        unknown.add(file.getFileName() + ": catena " + last.text() + " " + option);
                    }
                }
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(options).isGreaterThan(10);
    }

    /** Who reads an error of the driver or the host may have no command line. */
    @Test
    void errorsHaveNoCommandLines() {
        assertThat(sources().stream()
                        .filter(file -> COMMAND_LINE.matcher(text(file)).find()))
                .isEmpty();
        assertThat(COMMAND_LINE.matcher("\"Detach it: catena vdi detach\"").find())
                .isTrue();
    }

    private static CommandLine command(Verb verb) {
        CommandLine command = Catena.commandLine(session());
        for (String word : verb.text().split(" ", -1)) {
            command = Objects.requireNonNull(command.getSubcommands().get(word), verb.text());
        }
        return command;
    }

    private static Session session() {
        return new Session(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), Map.of(), false);
    }

    private static List<Path> sources() {
        Path home = Path.of(System.getProperty("catena.home", ".."));
        List<Path> sources = new ArrayList<>();
        for (String place : PLACES) {
            try (Stream<Path> files = Files.walk(home.resolve(place))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return sources;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
