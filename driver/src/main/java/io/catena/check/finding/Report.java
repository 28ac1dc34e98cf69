package io.catena.check.finding;

import java.util.List;

/**
 * What a check says of one file.
 *
 * @param file its name
 * @param verdict follows from the worst finding
 * @param findings in the order of the file's parts
 */
public record Report(String file, Verdict verdict, List<Finding> findings) {
    public Report {
        findings = List.copyOf(findings);
    }

    /** Returns the report on a file of which all this was found. */
    public static Report of(String file, List<Finding> findings) {
        Severity worst = findings.stream()
                .map(Finding::severity)
                .max(Severity::compareTo)
                .orElse(Severity.NOTE);
        return new Report(file, worst.verdict(), findings);
    }

    /** Whether something of this kind was found. */
    public boolean has(Code code) {
        return findings.stream().anyMatch(finding -> finding.code() == code);
    }
}
