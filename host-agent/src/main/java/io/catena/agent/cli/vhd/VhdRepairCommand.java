package io.catena.agent.cli.vhd;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.check.RepairOptions;
import io.catena.check.RepairPlan;
import io.catena.check.VhdRepair;
import io.catena.check.undo.Change;
import io.catena.tool.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vhd repair}: puts a VHD file right, without an agent; shows what it would do unless it is told to. */
@Command(
        name = "repair",
        description = "Put a VHD file right that no guest uses. Without --yes, only show what would be changed.",
        footer = {"", "What is replaced is kept in FILE.undo; --undo puts it back."})
public final class VhdRepairCommand extends FileReportCommand {
    private static final int DONE = 0;
    private static final int FAILED = 1;

    @Parameters(paramLabel = "FILE", description = ArgumentText.VHD)
    private Path path = Path.of("");

    @Option(names = "--yes", description = "Change the file.")
    private boolean yes;

    @ArgGroup
    private What what = new What();

    /** A command that stands alone. */
    public VhdRepairCommand() {
        this(() -> false, new AllowedParents());
    }

    /** A command below another, whose options {@code --json} and {@code --allow-parent} serve both. */
    VhdRepairCommand(BooleanSupplier above, AllowedParents parents) {
        super(above, parents);
    }

    /** What to do beyond the usual, at most one of them. */
    private static final class What {
        @Option(
                names = "--drop-entries-past-end",
                description = "Give up blocks that do not end within the file; what they held is lost.")
        private boolean dropEntriesPastEnd;

        @Option(names = "--undo", description = "Take the last repair back.")
        private boolean undo;

        @Option(
                names = "--journal",
                paramLabel = "JOURNAL",
                description = "Undo a resize by vhd-util that did not end, with its journal.")
        private @Nullable Path journal;
    }

    @Override
    public Integer call() {
        try {
            HostFile named = parents().file(path);
            HostFile file = what.journal == null ? named : named.with(what.journal);
            VhdRepair repair = new VhdRepair(file.storage(), Clock.systemUTC(), UUID::randomUUID);
            return what.undo ? undo(file, repair) : repair(file, repair);
        } catch (IOException e) {
            VhdFailure failure = VhdFailure.of("repair " + path, e);
            failure.print(err());
            JsonObject answer = new JsonObject();
            answer.add("error", failure.json());
            print(answer, "");
            return FAILED;
        }
    }

    private int repair(HostFile file, VhdRepair repair) throws IOException {
        Path journal = what.journal;
        RepairOptions options =
                new RepairOptions(what.dropEntriesPastEnd, journal == null ? null : file.nameOf(journal));
        RepairPlan plan = repair.plan(file.name(), options);
        boolean applies = yes && !plan.isEmpty();
        if (applies) {
            repair.apply(plan);
        }
        print(json(plan, applies), text(plan, applies));
        return plan.leftAlone().isEmpty() ? DONE : FAILED;
    }

    private int undo(HostFile file, VhdRepair repair) throws IOException {
        if (yes) {
            repair.undo(file.name());
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("file", path.toString());
        answer.addProperty("undone", yes);
        print(
                answer,
                path + (yes ? ": the last repair is taken back\n" : ": add --yes to take the last repair back\n"));
        return DONE;
    }

    private JsonObject json(RepairPlan plan, boolean applied) {
        JsonArray changes = new JsonArray();
        for (Change change : plan.changes()) {
            JsonObject entry = new JsonObject();
            entry.addProperty("offset", change.offset());
            entry.addProperty("length", change.length());
            entry.addProperty("why", change.why());
            changes.add(entry);
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("file", path.toString());
        answer.addProperty("applied", applied);
        answer.addProperty("takesBackInterruptedRepair", plan.takesBack());
        answer.addProperty("sizeBefore", plan.sizeBefore());
        answer.addProperty("sizeAfter", plan.sizeAfter());
        answer.add("changes", changes);
        JsonArray leftAlone = new JsonArray();
        plan.leftAlone().forEach(line -> leftAlone.add(CommandWords.of(line)));
        answer.add("leftAlone", leftAlone);
        return answer;
    }

    private String text(RepairPlan plan, boolean applied) {
        StringBuilder text = new StringBuilder().append(path);
        if (plan.isEmpty()) {
            text.append(plan.leftAlone().isEmpty() ? ": nothing to repair\n" : ": cannot be repaired\n");
        } else {
            text.append(applied ? ": repaired\n" : ": would be changed; add --yes to do it\n");
        }
        if (plan.takesBack()) {
            text.append("  a repair that was interrupted is taken back\n");
        }
        for (Change change : plan.changes()) {
            text.append("  ").append(change.length()).append(" bytes at byte ").append(change.offset());
            text.append(": ").append(change.why()).append('\n');
        }
        if (plan.sizeAfter() != plan.sizeBefore()) {
            text.append("  size ")
                    .append(plan.sizeBefore())
                    .append(" -> ")
                    .append(plan.sizeAfter())
                    .append('\n');
        }
        plan.leftAlone()
                .forEach(line -> text.append("  left alone: ")
                        .append(CommandWords.of(line))
                        .append('\n'));
        if (applied) {
            text.append("  what was replaced is in ").append(path).append(".undo\n");
        }
        return text.toString();
    }

    private void print(JsonObject document, String forHumans) {
        out().print(json() ? Json.write(document) + "\n" : printable(forHumans));
        out().flush();
    }
}
