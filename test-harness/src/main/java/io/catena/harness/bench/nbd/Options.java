package io.catena.harness.bench.nbd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the user wants of the benchmark.
 *
 * @param rounds how often each is measured
 * @param seconds how long a run lasts
 * @param hotBytes how much data the disks have
 * @param shared whether to measure an SR that several hosts can reach beside one of this host alone, and nothing else
 * @param parent where the disks are made
 */
record Options(
        int rounds,
        int depth,
        long seconds,
        long hotBytes,
        List<Shape> shapes,
        boolean shared,
        boolean json,
        Path parent) {
    static final String USAGE =
            "[--runs N] [--depth N] [--seconds N] [--mib N] [--shapes SHAPE,...] [--shared] [--json] [DIRECTORY]";

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException if it is not one
     */
    static Options parse(String[] arguments) {
        int rounds = 5;
        int depth = 30;
        long seconds = 2;
        long mib = 512;
        List<Shape> shapes = List.of(Shape.values());
        boolean shared = false;
        boolean json = false;
        List<String> rest = new ArrayList<>();
        Iterator<String> words = List.of(arguments).iterator();
        while (words.hasNext()) {
            String word = words.next();
            switch (word) {
                case "--runs" -> rounds = number(word, words);
                case "--depth" -> depth = number(word, words);
                case "--seconds" -> seconds = number(word, words);
                case "--mib" -> mib = number(word, words);
                case "--shapes" ->
                    shapes = Stream.of(value(word, words).split(",", -1))
                            .map(Shape::of)
                            .toList();
                case "--shared" -> shared = true;
                case "--json" -> json = true;
                default -> rest.add(word);
            }
        }
        if (rest.size() > 1 || rest.stream().anyMatch(word -> word.startsWith("-"))) {
            throw new IllegalArgumentException("unexpected: " + String.join(" ", rest));
        }
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        return new Options(rounds, depth, seconds, mib << 20, shapes, shared, json, parent.toAbsolutePath());
    }

    private static int number(String option, Iterator<String> words) {
        int number = Integer.parseInt(value(option, words));
        if (number < 1) {
            throw new IllegalArgumentException(option + " " + number + ": expected at least 1");
        }
        return number;
    }

    private static String value(String option, Iterator<String> words) {
        if (!words.hasNext()) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return words.next();
    }
}
