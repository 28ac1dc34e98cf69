package io.catena.agent.control;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What follows the question mark of a request, as names and values. A name that nothing takes is refused, before anything is
 * done: who misspells "dryRun" must not get what was only to be told of, nor who misspells a filter the whole list.
 */
public final class Query {
    /** Those of {@code openapi.yaml}, and what only the command line asks for: "waitMillis". */
    public static final Set<String> NAMES = Set.of(
            "attached",
            "base",
            "count",
            "cursor",
            "description",
            "dryRun",
            "force",
            "format",
            "from",
            "granularity",
            "keys",
            "kind",
            "kinds",
            "label",
            "limit",
            "name",
            "owner",
            "purge",
            "samples",
            "since",
            "sizeBytes",
            "snapshotOf",
            "sr",
            "state",
            "stream",
            "wait",
            "waitMillis");

    private final Map<String, List<String>> values = new LinkedHashMap<>();

    /**
     * @param text as it came, without the question mark
     * @throws SrException with {@link SrError#BAD_REQUEST} if it is not percent-encoded, or has a name that is not known
     */
    public Query(String text) {
        if (text.isEmpty()) {
            return;
        }
        for (String pair : text.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
            if (!NAMES.contains(name)) {
                throw unknown(name);
            }
            String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
            values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        }
    }

    private static SrException unknown(String name) {
        String plain = plain(name);
        Optional<String> meant =
                NAMES.stream().filter(known -> plain(known).equals(plain)).findFirst();
        return new SrException(SrError.BAD_REQUEST, "The query has \"" + name + "\", which no request takes")
                .correction(meant.map(known -> "Is \"" + known + "\" meant?")
                        .orElse("openapi.yaml has what each request takes."));
    }

    private static String plain(String name) {
        return name.replaceAll("[-_]", "").toLowerCase(Locale.ROOT);
    }

    /** Returns the value of a name that may be there once. */
    public Optional<String> one(String name) {
        List<String> all = all(name);
        if (all.size() > 1) {
            throw new SrException(SrError.BAD_REQUEST, "The query gives \"" + name + "\" " + all.size() + " times");
        }
        return all.stream().findFirst();
    }

    /** Returns all values of a name. */
    public List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** Whether a name stands there with the value "true". */
    public boolean flag(String name) {
        String value = one(name).orElse("false");
        if (!value.equals("true") && !value.equals("false")) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The query's \"" + name + "\" is \"" + value + "\", expected true or false");
        }
        return value.equals("true");
    }

    /** Returns the value of a name, which must be a whole number from {@code least} to {@code most}. */
    public Optional<Long> number(String name, long least, long most) {
        return one(name).map(text -> {
            try {
                long number = Long.parseLong(text);
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // Refused below.
            }
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "The query's \"" + name + "\" is \"" + text + "\", expected " + least + " to " + most);
        });
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "The query is not percent-encoded: " + e.getMessage(), e);
        }
    }
}
