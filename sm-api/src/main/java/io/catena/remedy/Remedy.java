package io.catena.remedy;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One call that does something about an error.
 *
 * @param arguments by their names, such as "vdi" or "acceptLoss", in the order in which they are told; "true" for a switch.
 *     What the error does not know is left out, or is a word in capitals that the user replaces
 */
public record Remedy(Verb verb, Map<String, String> arguments) implements Advice.Part {
    /** The value of a switch that is on. */
    public static final String ON = "true";

    public Remedy {
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** Returns a call upon the given subjects, in the order of {@link Verb#subjects}; the last ones may be missing. */
    public static Remedy of(Verb verb, Object... subjects) {
        Map<String, String> arguments = new LinkedHashMap<>();
        for (int i = 0; i < subjects.length; i++) {
            arguments.put(verb.subjects().get(i), subjects[i].toString());
        }
        return new Remedy(verb, arguments);
    }

    /** Returns this call with an option. */
    public Remedy with(String option, Object value) {
        Map<String, String> more = new LinkedHashMap<>(arguments);
        more.put(option, value.toString());
        return new Remedy(verb, more);
    }

    /** Returns this call with a switch on. */
    public Remedy with(String option) {
        return with(option, ON);
    }

    /** For logs. */
    @Override
    public String toString() {
        return arguments.entrySet().stream()
                .map(argument -> " " + argument.getKey() + "=" + argument.getValue())
                .collect(Collectors.joining("", verb.text(), ""));
    }
}
