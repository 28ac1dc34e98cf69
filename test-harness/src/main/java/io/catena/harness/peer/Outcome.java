package io.catena.harness.peer;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.List;

/**
 * What a program that has ended left behind.
 *
 * @param command the program and its arguments
 * @param exitCode 128 + n if signal n ended it
 * @param stdout decoded as UTF-8
 * @param stderr decoded as UTF-8
 */
public record Outcome(List<String> command, int exitCode, String stdout, String stderr) {
    public Outcome {
        command = List.copyOf(command);
    }

    /**
     * Standard output as one JSON document.
     *
     * @throws IllegalStateException if it is none; the message holds all there is to see
     */
    public JsonElement json() {
        try {
            JsonElement document = JsonParser.parseString(stdout);
            if (!document.isJsonNull()) {
                return document;
            }
        } catch (RuntimeException e) {
            throw new IllegalStateException("standard output is no JSON document: " + this, e);
        }
        throw new IllegalStateException("standard output holds no JSON document: " + this);
    }

    /** The command, its exit code and both outputs. */
    @Override
    public String toString() {
        return String.join(" ", command) + "\nexit code " + exitCode + "\nstdout: " + stdout + "\nstderr: " + stderr;
    }
}
