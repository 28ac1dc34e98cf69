package io.catena.log;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes an event and the values that belong to it as {@code event=NAME key=value ...}. A value that is no plain word is
 * quoted: whoever can name a file or a disk must not be able to write a line of the log, or a key of it.
 */
public final class LogLine {
    private LogLine() {}

    /**
     * Returns the line of an event.
     *
     * @param event what happened, as a word: {@code sr-attached}
     * @param keysAndValues alternately a key and its value, which may be null
     */
    public static String of(String event, @Nullable Object... keysAndValues) {
        StringBuilder line = new StringBuilder("event=").append(event);
        for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
            append(line, String.valueOf(keysAndValues[i]), String.valueOf(keysAndValues[i + 1]));
        }
        return line.toString();
    }

    /** Appends a key and its value to a line. */
    public static void append(StringBuilder line, String key, String value) {
        line.append(' ').append(key).append('=');
        if (isPlain(value)) {
            line.append(value);
        } else {
            quote(line, value);
        }
    }

    private static boolean isPlain(String value) {
        return !value.isEmpty() && value.chars().allMatch(c -> c > ' ' && c != '"' && c != '=' && c != '\\' && c < 127);
    }

    /** Whatever the value holds, it stays within its quotes and its line. */
    private static void quote(StringBuilder line, String value) {
        line.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"', '\\' -> line.append('\\').append(c);
                case '\n' -> line.append("\\n");
                case '\t' -> line.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        line.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        line.append(c);
                    }
                }
            }
        }
        line.append('"');
    }
}
