package io.catena.check.finding;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Collects findings; of each kind the first few, so that a file of garbage does not fill the memory. */
public final class Findings {
    private static final int MAX_OF_A_KIND = 32;

    private final List<Finding> findings = new ArrayList<>();
    private final Map<Code, Integer> counts = new EnumMap<>(Code.class);

    public void add(Code code, long offset, String found, String expected) {
        if (counts.merge(code, 1, Integer::sum) <= MAX_OF_A_KIND) {
            findings.add(new Finding(code, code.severity(), offset, found, expected, code.advice()));
        }
    }

    /** Whether of this kind no more is kept, so that {@link #count} does. */
    public boolean isFull(Code code) {
        return counts.getOrDefault(code, 0) >= MAX_OF_A_KIND;
    }

    /** Adds one of a kind that {@link #isFull}. */
    public void count(Code code) {
        counts.merge(code, 1, Integer::sum);
    }

    public boolean has(Code code) {
        return counts.containsKey(code);
    }

    /** Returns these findings but for some kinds. */
    public Findings without(Set<Code> codes) {
        Findings others = new Findings();
        findings.stream().filter(finding -> !codes.contains(finding.code())).forEach(others.findings::add);
        others.counts.putAll(counts);
        others.counts.keySet().removeAll(codes);
        return others;
    }

    /** Returns all findings; the last of a kind that had too many says how many were left out. */
    public List<Finding> all() {
        List<Finding> all = new ArrayList<>(findings);
        counts.forEach((code, count) -> {
            if (count > MAX_OF_A_KIND) {
                int leftOut = count - MAX_OF_A_KIND;
                all.add(new Finding(code, code.severity(), 0, leftOut + " more of the same", "", code.advice()));
            }
        });
        return all;
    }

    public static String hex(int value) {
        return hex(Integer.toUnsignedLong(value));
    }

    public static String hex(long value) {
        return String.format(Locale.ROOT, "%#x", value);
    }

    /** A range of bytes for people, its end excluded. */
    public static String range(long start, long end) {
        return "bytes " + start + " to " + end;
    }
}
