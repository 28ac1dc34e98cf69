package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Explores all scenarios with ever new seeds, for as long as it is told to, with a fault at every call. The tests explore
 * the same with a few seeds.
 */
@Command(
        name = "campaign",
        mixinStandardHelpOptions = true,
        description =
                "Interrupts random operations at every call, with ever new seeds. Exits with 1 if one was harmed.")
final class Campaign implements Callable<Integer> {
    private static final Set<Fault> CRASHES = Set.of(Fault.POWER_CUT, Fault.KILL);
    private static final Set<Fault> ERRORS = Set.of(Fault.IO_ERROR, Fault.DISK_FULL);
    private static final Duration BETWEEN_REPORTS = Duration.ofSeconds(30);
    private static final Map<String, Subject> SUBJECTS = subjects();

    @Option(names = "--minutes", paramLabel = "N", description = "For how long; ${DEFAULT-VALUE} if not given.")
    private int minutes = 30;

    @Option(names = "--seed", paramLabel = "N", description = "The seed of the first round; random if not given.")
    private long seed = new Random().nextInt(Integer.MAX_VALUE);

    @Option(names = "--rounds", paramLabel = "N", description = "At most so many rounds.")
    private long rounds = Long.MAX_VALUE;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "These scenarios: ${COMPLETION-CANDIDATES}.",
            completionCandidates = Names.class)
    private List<String> only = new ArrayList<>(SUBJECTS.keySet());

    @Option(names = "--fault", paramLabel = "FAULT", description = "This fault alone: ${COMPLETION-CANDIDATES}.")
    private List<Fault> faults = List.of(Fault.values());

    @Option(names = "--workers", paramLabel = "N", description = "So many threads; one a core if not given.")
    private int workers = Runtime.getRuntime().availableProcessors();

    private final PrintStream out = System.out;
    private final List<Round> plan = new ArrayList<>();

    /** Guarded by this. */
    private final Map<String, Long> faultsBySubject = new TreeMap<>();

    /** Guarded by this. */
    private final List<String> violations = new ArrayList<>();

    /** Guarded by this. */
    private long begun;

    private long deadlineNanos;

    /** What can be explored. */
    private record Subject(Set<Fault> faults, LongFunction<Scenario> scenario) {}

    private record Round(String name, Fault fault) {}

    /** The names of all scenarios, for the help. */
    private static final class Names extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Names() {
            super(SUBJECTS.keySet());
        }
    }

    private static Map<String, Subject> subjects() {
        Map<String, Subject> subjects = new LinkedHashMap<>();
        subjects.put("sequence", crash(seed -> new SequenceScenario(seed, call -> true)));
        subjects.put("drain", crash(seed -> new DrainScenario(seed, call -> true)));
        subjects.put("layer", crash(seed -> new LayerScenario(seed, seed % 2 == 0, call -> true)));
        subjects.put("create", crash(seed -> new CreateScenario(seed, call -> true)));
        subjects.put("destroy", crash(DestroyCrashTest::scenario));
        for (SnapshotScenario.Kind kind : SnapshotScenario.Kind.values()) {
            subjects.put(nameOf(kind), crash(seed -> new SnapshotScenario(seed, kind)));
        }
        subjects.put("copy", crash(seed -> new CopyScenario(seed, call -> true)));
        subjects.put("import", crash(seed -> new DeltaImportScenario(seed, call -> true)));
        subjects.put("data-destroy", crash(seed -> new DataDestroyScenario(seed, call -> true)));
        subjects.put("revert", crash(seed -> new RevertScenario(seed, call -> true)));
        subjects.put("reset", crash(seed -> new RevertScenario(seed, RevertScenario.How.RESET, call -> true)));
        subjects.put("compose", crash(seed -> new ComposeScenario(seed, call -> true)));
        subjects.put("resize", crash(seed -> new ResizeScenario(seed, call -> true)));
        subjects.put("merge", crash(seed -> new MergeScenario(seed, call -> true)));
        for (WayScenario.Merge merge : WayScenario.Merge.values()) {
            subjects.put(nameOf(merge), new Subject(Set.of(Fault.values()), seed -> new WayScenario(merge, seed)));
        }
        for (IoErrorTest.Work work : IoErrorTest.Work.values()) {
            subjects.put("error-in-" + nameOf(work), new Subject(ERRORS, seed -> IoErrorTest.scenario(seed, work)));
        }
        for (String name : List.of("create", "snapshot", "clone", "group", "revert", "resize", "merge")) {
            Subject subject = Objects.requireNonNull(subjects.get(name), name);
            subjects.put(
                    "taken-over-" + name,
                    crash(seed -> TakenOverSr.in(subject.scenario().apply(seed))));
        }
        return subjects;
    }

    private static Subject crash(LongFunction<Scenario> scenario) {
        return new Subject(CRASHES, scenario);
    }

    private static String nameOf(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new Campaign()).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        makePlan();
        out.println("campaign: from seed " + seed + ", at most " + minutes + " minutes: " + String.join(", ", only));
        deadlineNanos = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
        ExecutorService pool = Executors.newFixedThreadPool(workers);
        for (int i = 0; i < workers; i++) {
            pool.execute(this::work);
        }
        pool.shutdown();
        while (!pool.awaitTermination(BETWEEN_REPORTS.toSeconds(), TimeUnit.SECONDS)) {
            report();
        }
        return summary();
    }

    private void makePlan() {
        for (String name : only) {
            Subject subject = SUBJECTS.get(name);
            if (subject == null) {
                throw new CommandLine.ParameterException(
                        new CommandLine(this), "no scenario \"" + name + "\"; there are: " + SUBJECTS.keySet());
            }
            faults.stream().filter(subject.faults()::contains).forEach(fault -> plan.add(new Round(name, fault)));
        }
        if (plan.isEmpty()) {
            throw new CommandLine.ParameterException(
                    new CommandLine(this), "none of these scenarios has to do with " + faults);
        }
    }

    /** All rounds of the plan have the same seed before the next one's turn comes. */
    private void work() {
        for (long round = next(); round >= 0; round = next()) {
            explore(plan.get((int) (round % plan.size())), seed + round / plan.size());
        }
    }

    private synchronized long next() {
        return begun < rounds && System.nanoTime() < deadlineNanos ? begun++ : -1;
    }

    private void explore(Round round, long roundSeed) {
        Subject subject = Objects.requireNonNull(SUBJECTS.get(round.name()));
        try {
            count(
                    round.name(),
                    CrashExplorer.atEachCall(round.fault(), roundSeed)
                            .explore(subject.scenario().apply(roundSeed)));
        } catch (AssertionError | RuntimeException e) {
            violated(
                    "test-harness/bin/campaign --only " + round.name() + " --fault " + round.fault() + " --seed "
                            + roundSeed + " --rounds 1",
                    e);
        }
    }

    private synchronized void count(String name, int runs) {
        faultsBySubject.merge(name, (long) runs, Long::sum);
    }

    private synchronized void violated(String command, Throwable violation) {
        violations.add(command);
        out.println("VIOLATION: " + violation.getMessage());
        violation.printStackTrace(out);
        out.println("Repeat with: " + command);
    }

    private synchronized void report() {
        long runs = faultsBySubject.values().stream().mapToLong(Long::longValue).sum();
        out.println("campaign: " + begun + " rounds, " + (begun + plan.size() - 1) / plan.size() + " seeds, " + runs
                + " faults, " + violations.size() + " violations, "
                + Math.max(0, TimeUnit.NANOSECONDS.toSeconds(deadlineNanos - System.nanoTime())) + " s left");
    }

    private synchronized int summary() {
        report();
        faultsBySubject.forEach((name, runs) -> out.println("  " + name + ": " + runs + " faults"));
        violations.forEach(command -> out.println("violated: " + command));
        return violations.isEmpty() ? 0 : 1;
    }
}
