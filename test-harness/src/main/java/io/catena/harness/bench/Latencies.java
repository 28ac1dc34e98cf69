package io.catena.harness.bench;

import com.google.gson.GsonBuilder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** How long calls took, in milliseconds, by what was called. */
final class Latencies {
    private static final String ROW = "%-48s %10s %10s%n";

    private final Map<String, double[]> sorted = new LinkedHashMap<>();

    void add(String what, double[] millis) {
        double[] copy = millis.clone();
        Arrays.sort(copy);
        sorted.put(what, copy);
    }

    double medianMillis(String what) {
        double[] millis = sorted.getOrDefault(what, new double[1]);
        return millis[millis.length / 2];
    }

    private double p99Millis(String what) {
        double[] millis = sorted.getOrDefault(what, new double[1]);
        return millis[millis.length * 99 / 100];
    }

    String table() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, ROW, "ms", "median", "p99"));
        for (String what : sorted.keySet()) {
            text.append(String.format(Locale.ROOT, ROW, what, rounded(medianMillis(what)), rounded(p99Millis(what))));
        }
        return text.toString();
    }

    private static String rounded(double millis) {
        return String.format(Locale.ROOT, "%.1f", millis);
    }

    String json() {
        Map<String, Map<String, Double>> values = new LinkedHashMap<>();
        for (String what : sorted.keySet()) {
            values.put(what, Map.of("medianMillis", medianMillis(what), "p99Millis", p99Millis(what)));
        }
        return new GsonBuilder().setPrettyPrinting().create().toJson(values) + "\n";
    }
}
