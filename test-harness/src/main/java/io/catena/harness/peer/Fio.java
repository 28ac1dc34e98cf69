package io.catena.harness.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** {@code fio} against NBD exports. */
public final class Fio {
    private Fio() {}

    /**
     * Runs a job to its end.
     *
     * @throws IOException if fio fails, an I/O error or a wrong checksum included, or is not done in time
     */
    public static FioResult run(FioJob job, Duration deadline) throws IOException {
        Path output = Files.createTempFile("catena-fio", ".json");
        Path workDirectory = Files.createTempDirectory("catena-fio");
        try {
            // fio leaves the state of an interrupted verify in its directory.
            Programs.run(deadline, job.with("--aux-path=" + workDirectory).commandLine(output));
            JsonObject document =
                    JsonParser.parseString(Files.readString(output, UTF_8)).getAsJsonObject();
            return FioResult.decode(document.getAsJsonArray("jobs").get(0).getAsJsonObject());
        } finally {
            Files.delete(output);
            deleteFlat(workDirectory);
        }
    }

    private static void deleteFlat(Path directory) throws IOException {
        try (var files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
