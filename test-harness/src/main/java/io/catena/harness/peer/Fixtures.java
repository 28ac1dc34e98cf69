package io.catena.harness.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.peer.FixtureFile.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/** The VHD files that XenServer's tools, qemu and others made, unpacked into a directory of the caller's. */
public final class Fixtures {
    private static final String ARCHIVE = "/io/catena/harness/fixtures/golden-open.tar.xz";
    private static final Duration UNPACK_DEADLINE = Duration.ofMinutes(2);

    private final List<Fixture> fixtures;

    private Fixtures(List<Fixture> fixtures) {
        this.fixtures = List.copyOf(fixtures);
    }

    /**
     * Unpacks all fixtures below {@code directory}; holes and modification times are as they were made.
     *
     * @throws IOException if {@code tar} or {@code xz} is missing, or cannot write there
     */
    public static Fixtures unpack(Path directory) throws IOException {
        Programs.require("tar");
        Programs.require("xz");
        Path archive = directory.resolve("fixtures.tar.xz");
        try (InputStream in = Objects.requireNonNull(Fixtures.class.getResourceAsStream(ARCHIVE), ARCHIVE)) {
            Files.copy(in, archive);
        }
        Programs.run(UNPACK_DEADLINE, "tar", "-xJf", archive.toString(), "-C", directory.toString());
        Files.delete(archive);
        return new Fixtures(readIndex(directory.resolve("open")));
    }

    /** Returns all fixtures, in the order of the index. */
    public List<Fixture> all() {
        return fixtures;
    }

    /** Returns the files of all fixtures. */
    public List<FixtureFile> files() {
        return fixtures.stream().flatMap(fixture -> fixture.files().stream()).toList();
    }

    /**
     * Returns one fixture.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public Fixture get(String name) {
        for (Fixture fixture : fixtures) {
            if (fixture.name().equals(name)) {
                return fixture;
            }
        }
        throw new IllegalArgumentException("no fixture " + name);
    }

    private static List<Fixture> readIndex(Path root) throws IOException {
        List<Fixture> result = new ArrayList<>();
        for (JsonElement entry : readJson(root.resolve("index.json")).getAsJsonArray("fixtures")) {
            String name = entry.getAsJsonObject().get("fixture").getAsString();
            result.add(readFixture(root.resolve(name)));
        }
        return result;
    }

    private static Fixture readFixture(Path directory) throws IOException {
        JsonObject manifest = readJson(directory.resolve("manifest.json"));
        List<FixtureFile> files = new ArrayList<>();
        for (JsonElement file : manifest.getAsJsonArray("files")) {
            files.add(readFile(directory, file.getAsJsonObject()));
        }
        return new Fixture(
                manifest.get("fixture").getAsString(),
                manifest.get("description").getAsString(),
                directory,
                files);
    }

    private static FixtureFile readFile(Path directory, JsonObject file) {
        Optional<String> size = text(file, "virtual_size");
        return new FixtureFile(
                directory.resolve(file.get("file").getAsString()),
                text(file, "type"),
                size.isPresent() ? OptionalLong.of(Long.parseLong(size.get())) : OptionalLong.empty(),
                text(file, "uuid").map(UUID::fromString),
                Verdict.valueOf(file.get("expected_verdict").getAsString().toUpperCase(Locale.ROOT)),
                text(file, "reason"),
                text(file, "content_sha256"),
                text(file, "expected_parent").map(directory::resolve),
                text(file, "parent_raw").map(Boolean::parseBoolean).orElse(false),
                vhdUtilCheck(file));
    }

    private static OptionalInt vhdUtilCheck(JsonObject file) {
        JsonObject check = file.getAsJsonObject("vhd_util").getAsJsonObject("check");
        return check == null
                ? OptionalInt.empty()
                : OptionalInt.of(check.get("rc").getAsInt());
    }

    private static Optional<String> text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null || value.isJsonNull() ? Optional.empty() : Optional.of(value.getAsString());
    }

    private static JsonObject readJson(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file, UTF_8)).getAsJsonObject();
    }
}
