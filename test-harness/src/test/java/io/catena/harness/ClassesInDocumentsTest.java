package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each class that a document names is there: classes move more often than documents are read. */
class ClassesInDocumentsTest {
    /** A package's last parts, and a class; what may follow is a member of it. */
    private static final Pattern CLASS = Pattern.compile("`((?:[a-z][a-z0-9]*\\.)+[A-Z][A-Za-z0-9]*)");

    private static final List<String> ROOTS = List.of("", "io.catena.", "io.catena.agent.");
    private static final List<String> MODULES = List.of("sm-api", "driver", "host-agent", "test-harness");

    private final Path home = Path.of(System.getProperty(AgentProcess.HOME_PROPERTY));

    @Test
    void everyClassThatADocumentNamesIsThere() throws IOException {
        Set<String> classes = classes();
        Set<String> missing = new TreeSet<>();
        int named = 0;
        for (Path document : documents()) {
            for (String name : namesIn(document)) {
                named++;
                if (ROOTS.stream().noneMatch(root -> classes.contains(root + name))) {
                    missing.add(home.relativize(document) + ": " + name);
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(named).as("classes named in documents").isGreaterThan(50);
    }

    private static List<String> namesIn(Path document) throws IOException {
        return CLASS.matcher(Files.readString(document))
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    private List<Path> documents() throws IOException {
        try (Stream<Path> files = Stream.concat(
                        Stream.of(home), MODULES.stream().map(home::resolve))
                .flatMap(ClassesInDocumentsTest::list)) {
            return files.filter(file -> file.toString().endsWith(".md")).toList();
        }
    }

    private static Stream<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> classes() throws IOException {
        Set<String> classes = new TreeSet<>();
        for (String module : MODULES) {
            classes.addAll(classesBelow(home.resolve(module).resolve("src")));
        }
        return classes;
    }

    private static Set<String> classesBelow(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.map(Path::toString)
                    .filter(file -> file.endsWith(".java"))
                    .map(file -> file.substring(
                            file.indexOf("/java/") + "/java/".length(), file.length() - ".java".length()))
                    .map(file -> file.replace('/', '.'))
                    .collect(Collectors.toSet());
        }
    }
}
