package io.catena.api;

import io.catena.remedy.Advice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison of an SR's records, nodes and journals found.
 *
 * @param repair whether what can be repaired was repaired, or only looked at
 */
public record SrCheck(SrId sr, boolean repair, List<Finding> findings) {
    public SrCheck {
        findings = List.copyOf(findings);
    }

    /**
     * One finding.
     *
     * @param file relative to the SR's directory
     * @param vdi the disk or base copy concerned
     * @param problem what was found and what was expected, as a sentence
     * @param correction what a repair does about it, or what a person can do
     * @param repairable whether a repair does something about it
     * @param repaired whether it has done so
     */
    public record Finding(
            Kind kind,
            String file,
            @Nullable VdiId vdi,
            String problem,
            Advice correction,
            boolean repairable,
            boolean repaired) {}

    /** What is wrong. */
    public enum Kind {
        /** A record without a node: it means nothing. */
        ORPHAN_RECORD,
        /** A record that cannot be read: the disk has lost its name. */
        BAD_RECORD,
        /** A disk without a record: it has no name. */
        MISSING_RECORD,
        /** A record of a base copy, which shows as no disk. */
        STALE_RECORD,
        /** Something that was being prepared or replaced when that was interrupted. */
        LEFTOVER,
        /** A file that is no part of an SR. */
        UNKNOWN_FILE,
        /** An operation that was not completed. */
        UNFINISHED,
        /** Work that XenServer's manager did not finish. */
        FOREIGN_WORK,
        /** A base copy that nothing builds on. */
        GARBAGE,
        /** Two files that claim to be the same disk. */
        TWIN,
        /** A disk whose file is another one than it was when it was seen last. */
        REPLACED,
        /** A node that cannot be used. */
        BROKEN_NODE
    }

    /** Whether something is left that ought to be looked at; garbage and missing names harm nobody. */
    public boolean sound() {
        return findings.stream()
                .allMatch(f -> f.repaired() || f.kind() == Kind.GARBAGE || f.kind() == Kind.MISSING_RECORD);
    }
}
