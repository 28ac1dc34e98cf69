package io.catena.check.finding;

/** What a check says of a file as a whole: the worst of its findings. */
public enum Verdict {
    /** Nothing is wrong. */
    VALID,
    /** Nothing is wrong, but some programs stumble over the file. */
    WARN,
    /** Something is wrong, and can be put right without losing data. */
    REPAIRABLE,
    /** Something is wrong. Repair may know a way; the findings' advice says so. */
    INVALID,
    /** The file must not be opened. */
    UNSUPPORTED
}
