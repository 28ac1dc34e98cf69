package io.catena.agent.cli.session;

import com.google.gson.JsonElement;
import io.catena.agent.RunDirectory;
import io.catena.agent.cli.text.PlanText;
import io.catena.agent.cli.text.ProgressBar;
import io.catena.agent.cli.text.Screen;
import io.catena.agent.cli.text.Table;
import io.catena.agent.cli.text.TreeView;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.control.client.ErrorBody;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.Sr;
import io.catena.api.SrException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a command has around it: the options that all commands take, the terminal, and the agent. */
public final class Session {
    /** What the option of a dry run says. */
    public static final String DRY_RUN = "Tell what would be done, and do nothing.";

    /** Attaching or scanning a large SR may take minutes; an agent that ended is noticed at once. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Set by the launcher if the user's locale is not UTF-8, to the encoding that it has instead. */
    private static final String FOREIGN_CHARMAP = "CATENA_CHARMAP";

    private final PrintWriter out;
    private final PrintWriter err;
    private final Map<String, String> environment;
    private final boolean terminal;
    private boolean json;
    private @Nullable Path runDirectory;

    /**
     * @param terminal whether {@code out} is a terminal
     */
    public Session(PrintWriter out, PrintWriter err, Map<String, String> environment, boolean terminal) {
        this.out = out;
        this.err = err;
        this.environment = Map.copyOf(environment);
        this.terminal = terminal;
    }

    public void json(boolean wanted) {
        json = wanted;
    }

    public void runDirectory(@Nullable Path chosen) {
        runDirectory = chosen;
    }

    public boolean json() {
        return json;
    }

    /** Whether stdout is a terminal. */
    boolean terminal() {
        return terminal;
    }

    public Map<String, String> environment() {
        return environment;
    }

    public PrintWriter out() {
        return out;
    }

    public PrintWriter err() {
        return err;
    }

    public Path runDirectory() {
        Path chosen = runDirectory;
        return chosen == null
                ? RunDirectoryChoice.of(environment, System.getProperty("user.name", ""))
                : chosen.toAbsolutePath();
    }

    public ControlClient agent() {
        return new ControlClient(RunDirectory.controlSocket(runDirectory()), PATIENCE);
    }

    /** Returns the SRs of which a command tells that was not given one. */
    public List<Sr> attachedSrs() {
        return Json.list(agent().get("/v1/srs"), Sr.class).stream()
                .filter(Sr::attached)
                .toList();
    }

    /** Returns what tables are shown on. */
    public Screen screen() {
        return terminal ? Screen.terminal(environment) : Screen.NONE;
    }

    /** Returns a bar that is drawn on stdout, or one that shows nothing if stdout is for JSON. */
    public ProgressBar progressBar() {
        return json ? new ProgressBar(new PrintWriter(Writer.nullWriter()), false) : new ProgressBar(out, terminal);
    }

    /** Prints an answer of the agent: as it came with --json, else for humans. */
    public void print(JsonElement answer, Supplier<String> forHumans) {
        String text = json ? Json.write(answer) + "\n" : forHumans.get();
        out.print(text);
        if (!text.isEmpty() && !text.endsWith("\n")) {
            out.println();
        }
        out.flush();
    }

    /** Prints what a command says that has nothing to tell once it is done, but has a dry run. */
    public void printDone(JsonElement answer, boolean dryRun) {
        print(answer, () -> dryRun ? PlanText.of(answer) : "");
    }

    /** Returns the query of a request that may be a dry run. */
    public static String dryRun(boolean wanted) {
        return wanted ? "?dryRun=true" : "";
    }

    /** Tells the user of a failure. */
    public void print(SrException failure) {
        err.println("catena: " + Table.printable(failure.detail()));
        String correction = CommandWords.orNull(failure.advice());
        if (correction != null) {
            err.println(Table.printable(correction));
        }
        err.flush();
        if (json) {
            out.println(Json.write(ErrorBody.of(failure)));
            out.flush();
        }
    }

    public TreeView treeView() {
        return new TreeView(showsUnicode());
    }

    /** As C libraries decide it: the first of the three variables that is set, before the launcher changed them. */
    public boolean showsUnicode() {
        if (!environment.getOrDefault(FOREIGN_CHARMAP, "").isEmpty()) {
            return false;
        }
        for (String variable : new String[] {"LC_ALL", "LC_CTYPE", "LANG"}) {
            String locale = environment.getOrDefault(variable, "").toUpperCase(Locale.ROOT);
            if (!locale.isEmpty()) {
                return locale.contains("UTF-8") || locale.contains("UTF8");
            }
        }
        return false;
    }
}
