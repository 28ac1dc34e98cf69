package io.catena.agent.cli.text;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of one thing: a line each, keys and values in two columns. */
public final class Facts {
    private final List<String> keys = new ArrayList<>();
    private final List<String> values = new ArrayList<>();

    /** Adds a fact; none if the value is null or empty. */
    public Facts add(String key, @Nullable Object value) {
        if (value != null && !value.toString().isEmpty()) {
            keys.add(key);
            values.add(Table.printable(value.toString()));
        }
        return this;
    }

    /** Returns a time to the second, as people read it; null for none. */
    public static @Nullable String time(@Nullable Instant time) {
        return time == null ? null : time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** Returns the facts, each line with its line end. */
    @Override
    public String toString() {
        int width = keys.stream().mapToInt(String::length).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i);
            text.append(key)
                    .append(" ".repeat(width - key.length() + 2))
                    .append(values.get(i))
                    .append('\n');
        }
        return text.toString();
    }
}
