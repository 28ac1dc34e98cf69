package io.catena.agent.cli.vhd;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that tells of VHD files, for people or in JSON, alone or below another that has its options, too. */
abstract class FileReportCommand implements Callable<Integer> {
    /** Whether the command above wants JSON. */
    private final BooleanSupplier above;

    /** Where the disk may have ancestors. */
    private final AllowedParents parents;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean ownJson;

    FileReportCommand(BooleanSupplier above, AllowedParents parents) {
        this.above = above;
        this.parents = parents;
    }

    final AllowedParents parents() {
        return parents;
    }

    final boolean json() {
        return ownJson || above.getAsBoolean();
    }

    final PrintWriter out() {
        return spec().commandLine().getOut();
    }

    final PrintWriter err() {
        return spec().commandLine().getErr();
    }

    /** File names and stored paths may hold what would move a terminal's cursor. */
    static String printable(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .map(c -> c != '\n' && Character.isISOControl(c) ? '?' : c)
                .forEach(shown::appendCodePoint);
        return shown.toString();
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("picocli sets the spec before it runs a command");
        }
        return spec;
    }
}
