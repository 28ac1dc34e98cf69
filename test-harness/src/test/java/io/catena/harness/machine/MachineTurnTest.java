package io.catena.harness.machine;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;

/** Tests that would meet each other at what a machine has only once do not run at the same time. */
@AnalyzeClasses(packages = "io.catena.harness", importOptions = ImportOption.OnlyIncludeTests.class)
class MachineTurnTest {
    private static final Set<String> ONCE = Set.of(
            "io.catena.harness.e2e.MountedDisks",
            "io.catena.agent.linux.LoopDevice",
            "io.catena.harness.guest.LibvirtDaemon",
            "io.catena.harness.guest.EmbeddedLibvirt",
            "io.catena.harness.guest.RunningGuest");

    @ArchTest
    static final ArchRule WHO_HAS_DEVICES_OR_GUESTS_TAKES_TURNS = classes()
            .that(describe("are tests with block devices or guests", MachineTurnTest::needsTurn))
            .should()
            .beAnnotatedWith(WholeMachine.class);

    private static boolean needsTurn(JavaClass type) {
        return type.getSimpleName().endsWith("Test")
                && type.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency ->
                                ONCE.contains(dependency.getTargetClass().getName()));
    }
}
