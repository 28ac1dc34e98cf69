package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The README's paths through the code: each class that they name is there, and uses the next. */
class PathsTest {
    private static final String ARROW = " > ";

    private static JavaClasses ours;

    @BeforeAll
    static void read() {
        ours = new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages("io.catena");
    }

    @TestFactory
    Stream<DynamicTest> eachClassOfAPathUsesTheNext() throws IOException {
        List<String> paths =
                Files.readAllLines(Path.of(System.getProperty(AgentProcess.HOME_PROPERTY), "README.md")).stream()
                        .filter(line -> line.contains(ARROW))
                        .toList();
        assertThat(paths).as("paths in the README").hasSizeGreaterThanOrEqualTo(8);
        return paths.stream().map(path -> DynamicTest.dynamicTest(path, () -> check(path)));
    }

    /** The first name follows what the path is of. */
    private static void check(String path) {
        List<JavaClass> classes = Arrays.stream(path.split(ARROW, -1))
                .map(step -> named(step.substring(step.lastIndexOf(' ') + 1)))
                .toList();
        for (int i = 1; i < classes.size(); i++) {
            JavaClass from = classes.get(i - 1);
            JavaClass to = classes.get(i);
            assertThat(uses(from, to))
                    .as("%s uses %s", from.getName(), to.getName())
                    .isTrue();
        }
    }

    private static JavaClass named(String name) {
        List<JavaClass> found = Stream.of("io.catena.", "io.catena.agent.")
                .map(root -> root + name)
                .filter(ours::contain)
                .map(ours::get)
                .toList();
        assertThat(found).as("classes named %s", name).hasSize(1);
        return found.get(0);
    }

    /** Itself, or by one of our interfaces that it stands behind. */
    private static boolean uses(JavaClass from, JavaClass to) {
        return from.getDirectDependenciesFromSelf().stream()
                .map(Dependency::getTargetClass)
                .anyMatch(target -> to.equals(target) || isOurInterfaceOf(target, to));
    }

    private static boolean isOurInterfaceOf(JavaClass target, JavaClass to) {
        return target.isInterface() && target.getName().startsWith("io.catena.") && to.isAssignableTo(target.getName());
    }
}
