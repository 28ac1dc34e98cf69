package io.catena.agent.remedy;

import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Calls as command lines. */
public final class CommandWords {
    private CommandWords() {}

    /** Returns what to do, with command lines; null for null. */
    public static @Nullable String orNull(@Nullable Advice advice) {
        return advice == null ? null : of(advice);
    }

    /** Returns what to do, with command lines. */
    public static String of(Advice advice) {
        return advice.text(CommandWords::of);
    }

    /** Returns a call as a command line: the subjects, then the options. */
    public static String of(Remedy remedy) {
        Verb verb = remedy.verb();
        StringBuilder line = new StringBuilder("catena ").append(verb.text());
        for (String subject : verb.subjects()) {
            String value = remedy.arguments().get(subject);
            if (value != null) {
                line.append(' ').append(quoted(value));
            }
        }
        for (Map.Entry<String, String> argument : remedy.arguments().entrySet()) {
            if (!verb.subjects().contains(argument.getKey())) {
                line.append(' ').append(option(argument.getKey()));
                if (!argument.getValue().equals(Remedy.ON)) {
                    line.append(' ').append(quoted(argument.getValue()));
                }
            }
        }
        return line.toString();
    }

    /** "acceptLoss" is {@code --accept-loss} on the command line. */
    static String option(String argument) {
        return "--" + argument.replaceAll("(\\p{Upper})", "-$1").toLowerCase(Locale.ROOT);
    }

    /** A path may hold what a shell takes for something else. */
    private static String quoted(String value) {
        return value.matches("[\\w./:=@%+,-]+") ? value : "'" + value.replace("'", "'\\''") + "'";
    }
}
