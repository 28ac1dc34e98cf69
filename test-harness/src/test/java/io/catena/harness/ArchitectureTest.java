package io.catena.harness;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.catena.agent.control.CallThreads;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** The arrows between packages, and what only some of them may touch. */
@AnalyzeClasses(packages = "io.catena", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] DRIVER = {
        "io.catena.tool..",
        "io.catena.check..",
        "io.catena.sr..",
        "io.catena.change..",
        "io.catena.stream..",
        "io.catena.qcow2..",
        "io.catena.op..",
        "io.catena.disk..",
        "io.catena.vhd..",
        "io.catena.store..",
        "io.catena.lease..",
        "io.catena.format.."
    };

    @ArchTest
    static final ArchRule THE_API_STANDS_ON_THE_JDK_ALONE = classes()
            .that()
            .resideInAPackage("io.catena.api..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("io.catena.api..", "io.catena.remedy..", "java..", "org.jspecify..");

    /** What can be done about an error is said in no face's words, so that it may stand in every package. */
    @ArchTest
    static final ArchRule REMEDIES_STAND_ON_THE_JDK_ALONE = classes()
            .that()
            .resideInAPackage("io.catena.remedy..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("io.catena.remedy..", "java..", "org.jspecify..");

    @ArchTest
    static final ArchRule FORMAT = sees("io.catena.format..");

    @ArchTest
    static final ArchRule QCOW2 = sees("io.catena.qcow2..");

    @ArchTest
    static final ArchRule STORE = sees("io.catena.store..");

    @ArchTest
    static final ArchRule LEASE = sees("io.catena.lease..", "io.catena.store..", "io.catena.api..");

    @ArchTest
    static final ArchRule VHD = sees("io.catena.vhd..", "io.catena.format..", "io.catena.store..");

    @ArchTest
    static final ArchRule DISK =
            sees("io.catena.disk..", "io.catena.vhd..", "io.catena.format..", "io.catena.store..", "io.catena.api..");

    @ArchTest
    static final ArchRule OP = sees("io.catena.op..", "io.catena.vhd..", "io.catena.format..", "io.catena.store..");

    @ArchTest
    static final ArchRule CHANGE = sees(
            "io.catena.change..",
            "io.catena.disk..",
            "io.catena.vhd..",
            "io.catena.format..",
            "io.catena.store..",
            "io.catena.api..");

    @ArchTest
    static final ArchRule STREAM = sees(
            "io.catena.stream..",
            "io.catena.qcow2..",
            "io.catena.disk..",
            "io.catena.vhd..",
            "io.catena.format..",
            "io.catena.store..",
            "io.catena.api..");

    @ArchTest
    static final ArchRule SR = sees(
            "io.catena.sr..",
            "io.catena.check..",
            "io.catena.op..",
            "io.catena.change..",
            "io.catena.stream..",
            "io.catena.disk..",
            "io.catena.vhd..",
            "io.catena.format..",
            "io.catena.store..",
            "io.catena.api..");

    @ArchTest
    static final ArchRule SR_RECORD = seesOfSr("record");

    @ArchTest
    static final ArchRule SR_JOB = seesOfSr("job");

    @ArchTest
    static final ArchRule SR_TREE = seesOfSr("tree", "kept", "record");

    @ArchTest
    static final ArchRule SR_KEPT = seesOfSr("kept", "record");

    @ArchTest
    static final ArchRule SR_UPLOAD = seesOfSr("upload", "record");

    @ArchTest
    static final ArchRule SR_LIVE = seesOfSr("live", "tree", "record");

    @ArchTest
    static final ArchRule SR_XEN = seesOfSr("xen", "live", "tree", "record");

    @ArchTest
    static final ArchRule SR_GC = seesOfSr("gc", "gc.plan", "kept", "live", "tree", "job", "record");

    @ArchTest
    static final ArchRule SR_GC_PLAN = seesOfSr("gc.plan", "kept", "live", "tree", "job", "record");

    @ArchTest
    static final ArchRule SR_OPEN = seesOfSr("open", "kept", "upload", "gc", "xen", "live", "tree", "job", "record");

    @ArchTest
    static final ArchRule SR_COPY = seesOfSr("copy", "open", "live", "tree", "job", "record");

    @ArchTest
    static final ArchRule SR_VERB = seesOfSr("verb", "kept", "upload", "open", "gc", "live", "tree", "job", "record");

    /** Two classes that need each other are one, or lack a third. */
    @ArchTest
    static final ArchRule NO_CYCLES_OF_CLASSES_IN_THE_REPOSITORY =
            slices().assignedFrom(classesOf("io.catena.sr")).should().beFreeOfCycles();

    @ArchTest
    static final ArchRule TOOL = sees(
            "io.catena.tool..",
            "io.catena.sr..",
            "io.catena.op..",
            "io.catena.disk..",
            "io.catena.vhd..",
            "io.catena.format..",
            "io.catena.store..",
            "io.catena.api..");

    @ArchTest
    static final ArchRule CHECK =
            sees("io.catena.check..", "io.catena.op..", "io.catena.vhd..", "io.catena.format..", "io.catena.store..");

    @ArchTest
    static final ArchRule FRONT_ENDS_SEE_ONLY_THE_API = noClasses()
            .that(resideInAnyPackage(
                            "io.catena.agent.cli..",
                            "io.catena.agent.control..",
                            "io.catena.agent.api..",
                            "io.catena.agent.metrics..",
                            "io.catena.agent.web..",
                            "io.catena.agent.smapi..",
                            "io.catena.agent.smapiv1..")
                    .and(resideInAPackage("io.catena.agent.cli.vhd..").negate()))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(DRIVER);

    /** And the words of the format, such as its types of disk. */
    @ArchTest
    static final ArchRule THE_OFFLINE_COMMANDS_SEE_ONLY_THE_TOOLS = noClasses()
            .that()
            .resideInAPackage("io.catena.agent.cli.vhd..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(DRIVER)
                    .and(resideInAnyPackage("io.catena.tool..", "io.catena.check..", "io.catena.format..")
                            .negate()));

    @ArchTest
    static final ArchRule EXPORTS_SEE_ONLY_A_BLOCK_DEVICE = noClasses()
            .that()
            .resideInAnyPackage("io.catena.agent.nbd..", "io.catena.agent.fuse..", "io.catena.agent.block..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(DRIVER)
                    .and(resideInAPackage("io.catena.disk..").negate()));

    @ArchTest
    static final ArchRule JNA_ONLY_IN_LINUX_AND_LIBVIRT = noClasses()
            .that()
            .resideOutsideOfPackages("io.catena.agent.linux..", "io.catena.agent.libvirt..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    /** Test guests are started as users start theirs, without the agent. */
    @ArchTest
    static final ArchRule LIBVIRT_ONLY_BEHIND_THE_HYPERVISOR = noClasses()
            .that()
            .resideOutsideOfPackages("io.catena.agent.libvirt..", "io.catena.harness.guest..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.libvirt..");

    @ArchTest
    static final ArchRule GUESTS_SEE_ONLY_THE_API =
            sees("io.catena.agent.guest..", "io.catena.agent.log..", "io.catena.api..");

    @ArchTest
    static final ArchRule JSON_REACHES_UP_TO_NOBODY =
            sees("io.catena.agent.json..", "io.catena.agent.remedy..", "io.catena.api..");

    /** What an SR consists of is for who opens it. */
    @ArchTest
    static final ArchRule THE_HOST_SEES_ONLY_THE_API =
            sees("io.catena.agent.host..", "io.catena.agent.json..", "io.catena.agent.state..", "io.catena.api..");

    /** Else a test could not cut the power under it. */
    @ArchTest
    static final ArchRule ONLY_STORE_TOUCHES_FILES = noClasses()
            .that(resideInAnyPackage(DRIVER)
                    .and(resideInAPackage("io.catena.store..").negate()))
            .should()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(File|RandomAccessFile|File(Input|Output)Stream|File(Reader|Writer))"
                    + "|java\\.nio\\.file\\.Files|java\\.nio\\.channels\\.(Async.*)?FileChannel");

    /** Else a run could not be repeated. Jobs and pauses only wait until a deadline, which is no input of what they do. */
    @ArchTest
    static final ArchRule NO_HIDDEN_TIME_OR_CHANCE = noClasses()
            .that(resideInAnyPackage(DRIVER)
                    .and(isNot("io.catena.sr.job.Jobs"))
                    .and(isNot("io.catena.sr.job.RunningJob"))
                    .and(isNot("io.catena.disk.PauseClock")))
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callConstructor(Random.class)
            .orShould()
            .callMethod(UUID.class, "randomUUID")
            .orShould()
            .callMethod(Instant.class, "now");

    /** Those who cancel what has not begun, and let go on what has: {@code cancel(false)}. */
    private static final Set<String> CANCEL_WITHOUT_INTERRUPT =
            Set.of("ThreadTimer", "Frozen", "NbdConnection", "Ticker");

    /**
     * An interrupt closes the file channel that the thread is using, for all who use it. Whoever was interrupted all the same may
     * say so to himself.
     */
    @ArchTest
    static final ArchRule NOBODY_IS_INTERRUPTED = noClasses()
            .that()
            .resideOutsideOfPackage("io.catena.harness..")
            .should()
            .callMethodWhere(describe("interrupts another thread", ArchitectureTest::interruptsAnother));

    /** Pools of libraries interrupt their threads when they are stopped. */
    @ArchTest
    static final ArchRule CALLS_ARE_CARRIED_OUT_BY_THREADS_THAT_CANNOT_BE_INTERRUPTED = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(CallThreads.class.getName())
            .and()
            .resideOutsideOfPackage("io.catena.harness..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("org\\.eclipse\\.jetty\\.util\\.thread\\..*Pool");

    /** {@link CallThreads} passes on what is no call. */
    private static boolean interruptsAnother(JavaMethodCall call) {
        JavaClass owner = call.getTarget().getOwner();
        return switch (call.getTarget().getName()) {
            case "shutdownNow" -> true;
            case "cancel" ->
                owner.isAssignableTo(Future.class)
                        && !CANCEL_WITHOUT_INTERRUPT.contains(
                                call.getOriginOwner().getSimpleName());
            case "interrupt" ->
                owner.isAssignableTo(Thread.class)
                        && !call.getOriginOwner().getName().startsWith(CallThreads.class.getName())
                        && !isOwnThread(call);
            default -> false;
        };
    }

    private static boolean isOwnThread(JavaMethodCall call) {
        return call.getOrigin().getMethodCallsFromSelf().stream()
                .anyMatch(other -> other.getTarget().getName().equals("currentThread")
                        && other.getLineNumber() == call.getLineNumber());
    }

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.catena.(**)").should().beFreeOfCycles();

    /** Classes of the first package see, of all that is ours, these packages alone; and what errors recommend, and how lines of the log are written. */
    private static ArchRule sees(String... packages) {
        return noClasses()
                .that()
                .resideInAPackage(packages[0])
                .should()
                .dependOnClassesThat(resideInAPackage("io.catena..")
                        .and(resideInAnyPackage(packages).negate())
                        .and(resideInAnyPackage("io.catena.log..", "io.catena.remedy..")
                                .negate()));
    }

    /** Classes of the first package of the repository see, of its packages, these alone. */
    private static ArchRule seesOfSr(String... packages) {
        String[] names = Stream.of(packages).map(name -> "io.catena.sr." + name).toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage(names[0])
                .should()
                .dependOnClassesThat(resideInAPackage("io.catena.sr..")
                        .and(resideInAnyPackage(names).negate()));
    }

    /** Each outermost class of a package and of those in it, with what is nested in it, for itself. */
    private static SliceAssignment classesOf(String root) {
        return new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                return type.getPackageName().startsWith(root)
                        ? SliceIdentifier.of(type.getName().replaceFirst("\\$.*", ""))
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "each class of " + root;
            }
        };
    }

    private static DescribedPredicate<JavaClass> isNot(String name) {
        return describe("not " + name, type -> !type.getName().equals(name));
    }
}
