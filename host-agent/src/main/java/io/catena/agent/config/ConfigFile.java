package io.catena.agent.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

/**
 * What stands in a configuration file: keys with their values, without sections. The format is TOML 1.0.
 *
 * @param entries in the order of their lines
 * @param problems what is no TOML, or has a place for nothing
 */
public record ConfigFile(Path path, List<Entry> entries, List<ConfigProblem> problems) {
    private static final long MAX_BYTES = 1 << 20;

    /**
     * A key with its value.
     *
     * @param values one, or those of an array, as the command line takes them
     */
    public record Entry(String key, int line, List<String> values) {
        public Entry {
            values = List.copyOf(values);
        }
    }

    public ConfigFile {
        entries = List.copyOf(entries);
        problems = List.copyOf(problems);
    }

    /**
     * Reads a file, whatever is wrong with what it holds.
     *
     * @throws IOException if it cannot be read, or is no text
     */
    public static ConfigFile read(Path path) throws IOException {
        if (Files.size(path) > MAX_BYTES) {
            throw new IOException(path + " has " + Files.size(path) + " bytes, expected at most " + MAX_BYTES);
        }
        return parse(path, Files.readString(path, StandardCharsets.UTF_8));
    }

    static ConfigFile parse(Path path, String text) {
        TomlParseResult toml = Toml.parse(text);
        List<Entry> entries = new ArrayList<>();
        List<ConfigProblem> problems = new ArrayList<>();
        toml.errors()
                .forEach(error -> problems.add(new ConfigProblem(
                        error.position().line(), Objects.requireNonNullElse(error.getMessage(), "is no TOML"))));
        for (String key : toml.keySet()) {
            List<String> place = List.of(key);
            int line = Objects.requireNonNull(toml.inputPositionOf(place)).line();
            List<String> values = values(toml.get(place));
            if (values == null) {
                problems.add(
                        new ConfigProblem(line, "\"" + key + "\" is no text, number, true, false, or array of these"));
            } else {
                entries.add(new Entry(key, line, values));
            }
        }
        entries.sort(Comparator.comparingInt(Entry::line));
        return new ConfigFile(path, entries, problems);
    }

    /** Returns null for what no option has, such as a section. */
    private static @Nullable List<String> values(@Nullable Object value) {
        if (!(value instanceof TomlArray array)) {
            return isScalar(value) ? List.of(String.valueOf(value)) : null;
        }
        List<String> values = new ArrayList<>();
        for (Object element : array.toList()) {
            if (!isScalar(element)) {
                return null;
            }
            values.add(String.valueOf(element));
        }
        return values;
    }

    private static boolean isScalar(@Nullable Object value) {
        return value instanceof String || value instanceof Long || value instanceof Boolean || value instanceof Double;
    }
}
