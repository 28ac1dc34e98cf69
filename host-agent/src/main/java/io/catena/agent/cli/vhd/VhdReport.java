package io.catena.agent.cli.vhd;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.json.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** How a command on files tells what came of it: text for people or one JSON document, and an exit code. */
final class VhdReport {
    private static final int DONE = 0;
    private static final int FAILED = 1;

    private final Supplier<CommandLine> line;
    private final BooleanSupplier json;

    /**
     * @param line has the streams; asked for when a command runs
     */
    VhdReport(Supplier<CommandLine> line, BooleanSupplier json) {
        this.line = line;
        this.json = json;
    }

    /** Work on files. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /** Work on one of several files. */
    @FunctionalInterface
    interface FileWork {
        void run(Path file) throws IOException;
    }

    /** Returns the exit code; {@code what} says what is tried, as "read a.vhd". */
    int run(String what, Work work) {
        VhdFailure failure = attempt(what, work);
        if (failure == null) {
            return DONE;
        }
        json(failed(failure));
        return FAILED;
    }

    /** Does the work for all files, also after one failed; returns the first failure. */
    @Nullable
    VhdFailure forEach(List<Path> files, String verb, FileWork work) {
        VhdFailure first = null;
        for (Path file : files) {
            VhdFailure failure = attempt(verb + " " + file, () -> work.run(file));
            first = first == null ? failure : first;
        }
        return first;
    }

    /** Prints what was done, with the first failure if there is one; returns the exit code. */
    int answer(JsonArray done, @Nullable VhdFailure failure) {
        if (failure == null) {
            json(done);
            return DONE;
        }
        JsonObject answer = failed(failure);
        answer.add("done", done);
        json(answer);
        return FAILED;
    }

    @Nullable
    VhdFailure attempt(String what, Work work) {
        try {
            work.run();
            return null;
        } catch (IOException e) {
            VhdFailure failure = VhdFailure.of(what, e);
            failure.print(err());
            return failure;
        }
    }

    private static JsonObject failed(VhdFailure failure) {
        JsonObject answer = new JsonObject();
        answer.add("error", failure.json());
        return answer;
    }

    /** Prints a file that was made or changed. */
    void made(Path path, long sizeBytes) {
        JsonObject answer = new JsonObject();
        answer.addProperty("file", path.toString());
        answer.addProperty("virtualSizeBytes", sizeBytes);
        json(answer);
    }

    /** Prints text, unless JSON is wanted. */
    void print(String forPeople) {
        if (!json.getAsBoolean()) {
            text().print(forPeople);
            text().flush();
        }
    }

    /** Prints a document, if that is wanted. */
    void json(Object document) {
        if (json.getAsBoolean()) {
            text().println(Json.write(document));
            text().flush();
        }
    }

    PrintWriter text() {
        return line.get().getOut();
    }

    PrintWriter err() {
        return line.get().getErr();
    }
}
