package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page that compares Catena with XenServer's storage manager names tests that exist, and leaves no row out. */
final class BehaviourTableTest {
    private static final String PAGE = "driver/SMAPI-BEHAVIOUR.md";
    private static final Pattern ROW =
            Pattern.compile("\\| (\\d+) \\| ([^|]+) \\| (done|different|open) \\| ([^|]*)\\| ?([^|]*)\\|");
    private static final Pattern NAMED_TEST = Pattern.compile("`(\\w+)#(\\w+|\\*)`");
    private static final Path HOME = home();

    private record Row(int number, String state, String reason, String tests) {}

    /** Tests run in the directory of their module. */
    private static Path home() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve(PAGE)) ? here : here.resolve("..").normalize();
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(HOME.resolve(PAGE), StandardCharsets.UTF_8)) {
            if (line.matches("\\| \\d.*")) {
                Matcher matcher = ROW.matcher(line);
                assertThat(matcher.matches()).as(line).isTrue();
                rows.add(new Row(
                        Integer.parseInt(matcher.group(1)),
                        matcher.group(3),
                        matcher.group(4).strip(),
                        matcher.group(5).strip()));
            }
        }
        return rows;
    }

    @Test
    void noRowIsLeftOut() throws IOException {
        List<Integer> expected = IntStream.concat(IntStream.rangeClosed(7, 47), IntStream.rangeClosed(61, 63))
                .boxed()
                .toList();
        assertThat(rows()).extracting(Row::number).isEqualTo(expected);
    }

    @Test
    void whatIsDoneNamesATestAndWhatIsDifferentAReason() throws IOException {
        for (Row row : rows()) {
            if (row.state.equals("done")) {
                assertThat(row.tests).as("tests of row %d", row.number).matches("(`\\w+#(\\w+|\\*)` ?)+");
            } else {
                assertThat(row.reason).as("reason of row %d", row.number).isNotBlank();
            }
        }
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Map<String, String> sources = sources();
        for (Row row : rows()) {
            Matcher named = NAMED_TEST.matcher(row.tests);
            while (named.find()) {
                String method = named.group(2).equals("*") ? "void " : "void " + named.group(2) + "(";
                assertThat(sources).as("row %d", row.number).containsKey(named.group(1));
                assertThat(sources.get(named.group(1)))
                        .as("row %d: %s", row.number, named.group())
                        .contains(method);
            }
        }
    }

    /** Classes of tests of all modules, by name; those of one name together. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new TreeMap<>();
        for (String module : Set.of("sm-api", "driver", "host-agent", "test-harness")) {
            Path tests = HOME.resolve(module).resolve("src/test/java");
            if (!Files.isDirectory(tests)) {
                continue;
            }
            try (Stream<Path> files = Files.walk(tests)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                    String name = file.getFileName().toString().replace(".java", "");
                    sources.merge(name, Files.readString(file, StandardCharsets.UTF_8), String::concat);
                }
            }
        }
        return sources;
    }
}
