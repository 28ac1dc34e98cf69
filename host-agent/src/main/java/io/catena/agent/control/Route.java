package io.catena.agent.control;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One thing that can be asked of the control API.
 *
 * @param pattern the path; a part in braces stands for any one part: {@code /v1/srs/{sr}/stat}
 * @param takesBytes whether the request's body is of no concern to the control API
 */
record Route(String method, String pattern, Action action, boolean takesBytes) {
    /** A route that takes a JSON object, or nothing. */
    Route(String method, String pattern, Action action) {
        this(method, pattern, action, false);
    }

    /** A route that takes any bytes. */
    static Route ofBytes(String method, String pattern, Action action) {
        return new Route(method, pattern, action, true);
    }

    /** Answers a request with a value that is sent as JSON, or with bytes that are sent as they are. */
    @FunctionalInterface
    interface Action {
        Object answer(Call call);
    }

    /**
     * Returns the decoded parts of {@code rawPath} that stand for the parts in braces; nothing if the path is not this
     * route's.
     *
     * @throws IllegalArgumentException if a part has a wrong percent-encoding
     */
    Optional<List<String>> match(String rawPath) {
        String[] expected = pattern.split("/", -1);
        String[] found = rawPath.split("/", -1);
        if (expected.length != found.length) {
            return Optional.empty();
        }
        List<String> variables = new ArrayList<>();
        for (int i = 0; i < expected.length; i++) {
            if (expected[i].startsWith("{")) {
                // In a path "+" is itself; URLDecoder, made for forms, would read it as a space.
                variables.add(URLDecoder.decode(found[i].replace("+", "%2B"), StandardCharsets.UTF_8));
            } else if (!expected[i].equals(found[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(variables);
    }
}
