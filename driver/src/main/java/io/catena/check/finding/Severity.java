package io.catena.check.finding;

/** How bad a finding is, least first. */
public enum Severity {
    /** Worth knowing; nothing is wrong. */
    NOTE(Verdict.VALID),
    /** Allowed, but some programs stumble over it. */
    WARNING(Verdict.WARN),
    /** Something is lost that the rest of the file tells whole; content is not in doubt. */
    REPAIRABLE(Verdict.REPAIRABLE),
    /** A value is wrong, and programs that take it at its word may refuse the disk or read it wrong. */
    INVALID(Verdict.INVALID),
    /** The file must not be opened by this program. */
    UNSUPPORTED(Verdict.UNSUPPORTED);

    private final Verdict verdict;

    Severity(Verdict verdict) {
        this.verdict = verdict;
    }

    /** Returns what a file is whose worst finding has this severity. */
    public Verdict verdict() {
        return verdict;
    }
}
