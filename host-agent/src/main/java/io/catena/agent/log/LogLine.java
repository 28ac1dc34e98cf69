package io.catena.agent.log;

import java.util.Locale;

/** Writes an event and the values that belong to it as {@code event=NAME key=value ...}. */
public final class LogLine {
    private LogLine() {}

    /**
     * Returns the line of an event.
     *
     * @param event what happened, as a word: {@code sr-attached}
     * @param keysAndValues alternately a key and its value
     */
    public static String of(String event, Object... keysAndValues) {
        StringBuilder line = new StringBuilder("event=").append(event);
        for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
            append(line, keysAndValues[i].toString(), keysAndValues[i + 1].toString());
        }
        return line.toString();
    }

    static void append(StringBuilder line, String key, String value) {
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
