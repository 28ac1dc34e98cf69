package io.catena.agent.cli.vhd;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.check.CheckOptions;
import io.catena.check.VhdCheck;
import io.catena.check.finding.Finding;
import io.catena.check.finding.Report;
import io.catena.check.finding.Severity;
import io.catena.check.finding.Verdict;
import io.catena.tool.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vhd check}: finds every fault of VHD files, without an agent. */
@Command(
        name = "check",
        description = "Find what is wrong with VHD files; changes nothing.",
        footer = {"", "Exit codes: 0 all are valid, perhaps with warnings; 1 not all are, or one cannot be opened."})
public final class VhdCheckCommand extends FileReportCommand {
    private static final int GOOD = 0;
    private static final int BAD = 1;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = ArgumentText.VHD)
    private List<Path> files = List.of();

    @Option(names = "--data", description = "Compare all sector bitmaps with the data, also of large files.")
    private boolean data;

    @Option(names = "--chain", description = "Check all ancestors too.")
    private boolean chain;

    @Option(names = "--ignore-timestamps", description = "Compare no time with the clock or another.")
    private boolean ignoreTimestamps;

    /** A command that stands alone. */
    public VhdCheckCommand() {
        this(() -> false, new AllowedParents());
    }

    /** A command below another, whose options {@code --json} and {@code --allow-parent} serve both. */
    VhdCheckCommand(BooleanSupplier above, AllowedParents parents) {
        super(above, parents);
    }

    /** A finding in JSON. */
    private record FindingView(
            String code, String severity, long offset, String meaning, String found, String expected, String advice) {
        static FindingView of(Finding finding) {
            return new FindingView(
                    finding.code().name(),
                    lowerCase(finding.severity()),
                    finding.offset(),
                    finding.code().meaning(),
                    finding.found(),
                    finding.expected(),
                    CommandWords.of(finding.advice()));
        }
    }

    /** A report in JSON. */
    private record ReportView(String file, String verdict, List<FindingView> findings) {
        static ReportView of(Path path, Report report) {
            return new ReportView(
                    path.toString(),
                    lowerCase(report.verdict()),
                    report.findings().stream().map(FindingView::of).toList());
        }
    }

    /** Checks all files, also after one that cannot be opened. */
    @Override
    public Integer call() {
        List<ReportView> views = new ArrayList<>();
        VhdFailure failure = null;
        boolean good = true;
        for (Path path : files) {
            try {
                Report report = check(path);
                good &= report.verdict().compareTo(Verdict.WARN) <= 0;
                views.add(ReportView.of(path, report));
                print(textOf(path, report));
            } catch (IOException e) {
                VhdFailure next = VhdFailure.of("check " + path, e);
                failure = failure == null ? next : failure;
                next.print(err());
            }
        }
        printJson(views, failure);
        return good && failure == null ? GOOD : BAD;
    }

    private Report check(Path path) throws IOException {
        HostFile file = parents().file(path);
        CheckOptions options = new CheckOptions(data, chain, ignoreTimestamps);
        return new VhdCheck(file.storage(), Clock.systemUTC()).check(file.name(), options);
    }

    private static String textOf(Path path, Report report) {
        StringBuilder text = new StringBuilder();
        text.append(path).append(": ").append(lowerCase(report.verdict())).append('\n');
        for (Finding finding : report.findings()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %s %s at byte %d: %s%n    found %s%n",
                    lowerCase(finding.severity()),
                    finding.code(),
                    finding.offset(),
                    finding.code().meaning(),
                    finding.found()));
            if (!finding.expected().isEmpty()) {
                text.append("    expected ").append(finding.expected()).append('\n');
            }
            if (finding.severity() != Severity.NOTE) {
                text.append("    ").append(CommandWords.of(finding.advice())).append('\n');
            }
        }
        return text.toString();
    }

    private void print(String forHumans) {
        if (!json()) {
            out().print(printable(forHumans));
            out().flush();
        }
    }

    private void printJson(List<ReportView> views, @Nullable VhdFailure failure) {
        if (!json()) {
            return;
        }
        if (failure == null) {
            out().println(Json.write(views));
        } else {
            JsonObject answer = new JsonObject();
            answer.add("error", failure.json());
            answer.add("done", Json.read(Json.write(views), JsonArray.class));
            out().println(Json.write(answer));
        }
        out().flush();
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
