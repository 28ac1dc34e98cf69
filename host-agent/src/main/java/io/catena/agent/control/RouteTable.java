package io.catena.agent.control;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds the route of a request. Of two that fit, the one that was given first. Safe for use by many threads. */
public final class RouteTable {
    private final List<Route> routes;

    /** By number of parts. */
    private final Map<Integer, List<Pattern>> patterns = new HashMap<>();

    public RouteTable(List<Route> routes) {
        this.routes = List.copyOf(routes);
        for (Route route : routes) {
            Pattern pattern = new Pattern(route, List.of(route.pattern().split("/", -1)));
            patterns.computeIfAbsent(pattern.parts.size(), n -> new ArrayList<>())
                    .add(pattern);
        }
        patterns.values().forEach(list -> list.sort(Comparator.comparing(Pattern::order)));
    }

    private record Pattern(Route route, List<String> parts) {
        /** A part that is written out goes before a variable, which would take it too. */
        String order() {
            return parts.stream().map(part -> part.startsWith("{") ? "1" : "0").collect(Collectors.joining());
        }
    }

    /**
     * A route and what the parts in braces stand for.
     *
     * @param variables percent-decoded
     */
    public record Match(Route route, List<String> variables) {}

    public List<Route> routes() {
        return routes;
    }

    /**
     * Returns the route of a request.
     *
     * @param rawPath as it came
     * @throws SrException with {@link SrError#BAD_REQUEST} if a variable part has a wrong percent-encoding
     */
    public Optional<Match> find(String method, String rawPath) {
        List<String> found = List.of(rawPath.split("/", -1));
        for (Pattern pattern : patterns.getOrDefault(found.size(), List.of())) {
            if (pattern.route.method().equals(method) && fits(pattern.parts, found)) {
                return Optional.of(new Match(pattern.route, variables(rawPath, pattern.parts, found)));
            }
        }
        return Optional.empty();
    }

    /** Returns the methods that a path takes; none if there is no such path. */
    public Set<String> methods(String rawPath) {
        List<String> found = List.of(rawPath.split("/", -1));
        Set<String> methods = new TreeSet<>();
        for (Pattern pattern : patterns.getOrDefault(found.size(), List.of())) {
            if (fits(pattern.parts, found)) {
                methods.add(pattern.route.method());
            }
        }
        return methods;
    }

    private static boolean fits(List<String> expected, List<String> found) {
        for (int i = 0; i < expected.size(); i++) {
            if (!expected.get(i).startsWith("{") && !expected.get(i).equals(found.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static List<String> variables(String rawPath, List<String> expected, List<String> found) {
        List<String> variables = new ArrayList<>();
        try {
            for (int i = 0; i < expected.size(); i++) {
                if (expected.get(i).startsWith("{")) {
                    // In a path "+" is itself; URLDecoder, made for forms, would read it as a space.
                    variables.add(URLDecoder.decode(found.get(i).replace("+", "%2B"), StandardCharsets.UTF_8));
                }
            }
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, rawPath + " is not percent-encoded: " + e.getMessage(), e);
        }
        return variables;
    }
}
