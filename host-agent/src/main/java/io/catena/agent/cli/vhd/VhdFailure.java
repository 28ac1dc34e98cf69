package io.catena.agent.cli.vhd;

import com.google.gson.JsonObject;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.SrError;
import io.catena.remedy.Advice;
import io.catena.tool.Problem;
import java.io.IOException;
import java.io.PrintWriter;

/**
 * A failure as the user sees it.
 *
 * @param correction what to do about it, a sentence
 */
record VhdFailure(SrError code, String message, String correction) {
    /** Returns the failure that tells of {@code e}; {@code what} says what was tried on which file. */
    static VhdFailure of(String what, IOException e) {
        String detail = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        Advice own = Problem.advice(e);
        if (own != null) {
            SrError code = Problem.of(e) == Problem.BAD_FILE ? SrError.VDI_UNAVAILABLE : SrError.IO_ERROR;
            return new VhdFailure(code, what + ": " + detail, CommandWords.of(own));
        }
        return switch (Problem.of(e)) {
            // The JDK's words for the first two are the path alone.
            case NO_SUCH_FILE ->
                new VhdFailure(SrError.VDI_MISSING, what + ": no such file: " + detail, "Check the file's name.");
            case FILE_EXISTS ->
                new VhdFailure(
                        SrError.VDI_EXISTS,
                        what + ": exists already: " + detail,
                        "Give another name; what exists is not overwritten.");
            case IN_USE ->
                new VhdFailure(SrError.SR_IN_USE, what + ": " + detail, "Detach the SR, or ask its agent to do this.");
            case PARENT_MISSING ->
                new VhdFailure(
                        SrError.VDI_UNAVAILABLE, what + ": " + detail, "Put the parent back where the disk names it.");
            case BAD_FILE ->
                new VhdFailure(
                        SrError.VDI_UNAVAILABLE, what + ": " + detail, "Look at the file with \"catena vhd check\".");
            case OTHER ->
                new VhdFailure(
                        SrError.IO_ERROR, what + ": " + detail, "Change what the message names, then try again.");
        };
    }

    /** Tells a person what failed, and what to do about it. */
    void print(PrintWriter err) {
        err.println("catena: cannot " + FileReportCommand.printable(message));
        err.println(FileReportCommand.printable(correction));
        err.flush();
    }

    JsonObject json() {
        JsonObject error = new JsonObject();
        error.addProperty("code", code.name());
        error.addProperty("message", message);
        error.addProperty("correction", correction);
        return error;
    }
}
