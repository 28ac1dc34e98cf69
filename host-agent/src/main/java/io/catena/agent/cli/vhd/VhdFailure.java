package io.catena.agent.cli.vhd;

import com.google.gson.JsonObject;
import io.catena.api.SrError;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/**
 * A failure as the user sees it.
 *
 * @param correction what to do about it, a sentence
 */
record VhdFailure(SrError code, String message, String correction) {
    /** Returns the failure that tells of {@code e}; {@code what} says what was tried on which file. */
    static VhdFailure of(String what, IOException e) {
        String message = what + ": " + detail(e);
        if (e instanceof NoSuchFileException) {
            return new VhdFailure(SrError.VDI_MISSING, message, "Check the file's name.");
        }
        if (e instanceof FileAlreadyExistsException) {
            return new VhdFailure(SrError.VDI_EXISTS, message, "Give another name; what exists is not overwritten.");
        }
        return switch (e.getClass().getSimpleName()) {
            case "StorageLockedException" ->
                new VhdFailure(SrError.SR_IN_USE, message, "Detach the SR, or ask its agent to do this.");
            case "MissingParentException" ->
                new VhdFailure(SrError.VDI_UNAVAILABLE, message, "Put the parent back where the disk names it.");
            case "CorruptVhdException", "UnsupportedVhdException" ->
                new VhdFailure(SrError.VDI_UNAVAILABLE, message, "Look at the file with \"catena vhd check\".");
            default -> new VhdFailure(SrError.IO_ERROR, message, "Change what the message names, then try again.");
        };
    }

    /** The JDK's words for these two are the path alone. */
    private static String detail(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file: " + e.getMessage();
        }
        if (e instanceof FileAlreadyExistsException) {
            return "exists already: " + e.getMessage();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    JsonObject json() {
        JsonObject error = new JsonObject();
        error.addProperty("code", code.name());
        error.addProperty("message", message);
        error.addProperty("correction", correction);
        return error;
    }
}
