package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A package that can be read in one go has at most 25 classes; one that has more says why. */
class PackageSizeTest {
    private static final int MOST_CLASSES = 25;
    private static final String REASON = "More than 25 classes, since ";

    @Test
    void aLargePackageSaysWhyItIsLarge() throws IOException {
        Map<Path, Long> sizes = new TreeMap<>();
        for (String module : List.of("sm-api", "driver", "host-agent", "test-harness")) {
            sizes.putAll(sizes(Path.of(System.getProperty(AgentProcess.HOME_PROPERTY))
                    .resolve(module)
                    .resolve("src/main/java")));
        }
        assertThat(sizes).hasSizeGreaterThan(50);

        Map<Path, Long> unexplained = new TreeMap<>();
        for (Map.Entry<Path, Long> size : sizes.entrySet()) {
            Path info = size.getKey().resolve("package-info.java");
            boolean explained = Files.readString(info).contains(REASON);
            if (size.getValue() > MOST_CLASSES != explained) {
                unexplained.put(size.getKey(), size.getValue());
            }
        }

        assertThat(unexplained).isEmpty();
    }

    private static Map<Path, Long> sizes(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.endsWith("package-info.java"))
                    .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()));
        }
    }
}
