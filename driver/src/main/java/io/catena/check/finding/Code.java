package io.catena.check.finding;

import static io.catena.check.finding.Severity.INVALID;
import static io.catena.check.finding.Severity.NOTE;
import static io.catena.check.finding.Severity.REPAIRABLE;
import static io.catena.check.finding.Severity.UNSUPPORTED;
import static io.catena.check.finding.Severity.WARNING;

import io.catena.check.VhdRepair;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;

/** Every condition that a check knows: how bad it is, what it means, what to do. */
public enum Code {
    FOOTER_COOKIE(REPAIRABLE, "no footer where one must stand", Cure.REPAIR),
    FOOTER_CHECKSUM(REPAIRABLE, "a footer's checksum does not match its bytes", Cure.REPAIR),
    FOOTERS_DIFFER(REPAIRABLE, "the footer and its copy are valid but not equal", Cure.REPAIR),
    NO_FOOTER(INVALID, "neither the footer nor its copy can be used", Cure.RESTORE),
    FOOTER_POISONED(
            INVALID,
            "a resize by vhd-util did not end and left the disk disabled",
            Advice.of("revert it: ")
                    .then(Remedy.of(Verb.VHD_REPAIR, "FILE").with("journal", "JOURNAL"))
                    .then(", with the journal of that resize")),
    FOOTER_RESERVED_FEATURE(INVALID, "the feature bit that must be set is clear", Cure.REPAIR),
    FOOTER_FEATURES(INVALID, "feature bits that nobody defined are set", Cure.NEWER),
    FOOTER_VERSION(INVALID, "the file format version is not 1.0", Cure.NEWER),
    FOOTER_DATA_OFFSET(INVALID, "the data offset does not point to a place for the dynamic header", Cure.RESTORE),
    FOOTER_TIME_IN_FUTURE(INVALID, "the disk was made in the future", Cure.CLOCK),
    CREATOR_LITTLE_ENDIAN(
            UNSUPPORTED,
            "written by blktap 0.1, whose sector bitmaps no current program reads",
            Advice.of("convert it with the software that wrote it")),
    CREATOR_VERSION(INVALID, "written by a blktap newer than 1.3", Cure.NEWER),
    DISK_SIZE(INVALID, "the disk's size is not a number of sectors", Cure.RESTORE),
    DISK_SIZE_ABOVE_LIMIT(
            WARNING,
            "the disk is larger than 2040 GiB, which qemu, Hyper-V and XenServer refuse",
            Advice.of("copy it to smaller disks before moving it there")),
    ORIGINAL_SIZE(NOTE, "original and current size differ; libvhdi shows the original one", Cure.NOTHING),
    GEOMETRY_TOO_LARGE(INVALID, "the geometry tells of more sectors than the disk has", Cure.REPAIR),
    GEOMETRY_UNUSUAL(NOTE, "the geometry is not the one that the specification computes", Cure.NOTHING),
    DISK_TYPE(INVALID, "the disk type is not fixed, dynamic or differencing", Cure.NEWER),
    SAVED_STATE(INVALID, "the saved state is neither 0 nor 1", Cure.RESTORE),
    HIDDEN(INVALID, "the hidden flag is neither 0 nor 1", Advice.of("set it: ").then(Remedy.of(Verb.VHD_SET, "FILE"))),
    FOOTER_RESERVED(INVALID, "reserved bytes of a footer are not zero", Cure.REPAIR),
    NULL_ID(REPAIRABLE, "the unique id is zero", Cure.REPAIR),
    FILE_SIZE_UNALIGNED(REPAIRABLE, "the file does not end with a sector", Cure.REPAIR),
    SHORT_FOOTER(NOTE, "the footer has 511 bytes, as Virtual PC wrote it before 2004", Cure.NOTHING),
    FIXED_TOO_SHORT(INVALID, "the file of a fixed disk ends before the disk does", Cure.RESTORE),
    FIXED_TOO_LONG(WARNING, "the file of a fixed disk holds more than the disk and its footer", Cure.NOTHING),

    HEADER_COOKIE(INVALID, "no dynamic header where the footer points to", Cure.RESTORE),
    HEADER_CHECKSUM(INVALID, "the dynamic header's checksum does not match its bytes", Cure.RESTORE),
    HEADER_VERSION(INVALID, "the dynamic header's version is not 1.0", Cure.NEWER),
    HEADER_DATA_OFFSET(INVALID, "the dynamic header points to a next structure; there is none", Cure.REPAIR),
    HEADER_DATA_OFFSET_OLD_QEMU(REPAIRABLE, "a header as old qemu wrote it, which blktap refuses", Cure.REPAIR),
    HEADER_RESERVED(INVALID, "reserved bytes of the dynamic header are not zero", Cure.REPAIR),
    TABLE_OFFSET(INVALID, "the BAT does not stand on a sector, or not within the file", Cure.RESTORE),
    TOO_MANY_BLOCKS(UNSUPPORTED, "the disk has more blocks, or room for more, than this program opens", Cure.NEWER),
    TABLE_TOO_SMALL(INVALID, "the BAT has fewer entries than the disk has blocks", Cure.RESTORE),
    BLOCK_SIZE(INVALID, "the block size is not a power of two from 4 KiB to 256 MiB", Cure.RESTORE),
    BLOCK_SIZE_UNUSUAL(
            NOTE,
            "blocks of another size than 2 MiB, which blktap misreads",
            Advice.of("do not attach it with blktap; this makes one that it reads: ")
                    .then(Remedy.of(Verb.VHD_CONVERT, "FILE"))),
    PARENT_TIME_IN_FUTURE(INVALID, "the parent's time stamp is in the future", Cure.CLOCK),
    PARENT_NAME(INVALID, "the parent name is no text", Cure.REPAIR),
    PARENT_NAME_LITTLE_ENDIAN(NOTE, "the bytes of the parent name are in the other order", Cure.NOTHING),
    STRAY_PARENT(INVALID, "a disk that needs no parent names one", Cure.RESTORE),

    METADATA_OVERLAP(INVALID, "two parts of the file's metadata overlap", Cure.RESTORE),
    BLOCK_IN_METADATA(INVALID, "a block overlaps metadata", Cure.RESTORE),
    BLOCK_BEFORE_METADATA(WARNING, "a block stands between parts of the metadata, which blktap refuses", Cure.CONVERT),
    BLOCK_PAST_END(INVALID, "a block does not end within the file", Cure.RESTORE_OR_DROP),
    BLOCK_WITHOUT_DATA(
            REPAIRABLE, "the file ends where the last block's data should begin, which are zeros", Cure.REPAIR),
    BLOCK_DATA_LOST(
            INVALID,
            "the file was cut off: of a block it holds the bitmap, and none of the data that this tells of",
            Cure.RESTORE_OR_DROP),
    BLOCK_OVERLAP(INVALID, "two blocks overlap", Cure.RESTORE),
    ENTRY_BEYOND_SIZE(WARNING, "a block is allocated that lies beyond the disk's end", Cure.CONVERT),
    TABLE_TOO_LARGE(WARNING, "too many blocks to look at all; some were not checked", Cure.CONVERT),
    STRAY_DATA(
            WARNING,
            "data in sectors that the bitmap says are not there; programs without bitmaps show it",
            Cure.CONVERT),

    BATMAP_MISSING(REPAIRABLE, "no batmap, though the creator promises one", Cure.REPAIR),
    BATMAP_PAST_END(INVALID, "the batmap does not end within the file", Cure.REPAIR),
    BATMAP_VERSION(INVALID, "the batmap's version is unknown", Cure.REPAIR),
    BATMAP_OFFSET(INVALID, "the batmap does not stand on a sector behind its header", Cure.REPAIR),
    BATMAP_SIZE(INVALID, "the batmap has fewer bits than the BAT has entries", Cure.REPAIR),
    BATMAP_CHECKSUM(INVALID, "the batmap's checksum does not match its bits", Cure.REPAIR),
    BATMAP_UNALLOCATED(INVALID, "the batmap says that a block is full which is not allocated", Cure.REPAIR),
    BATMAP_NOT_FULL(INVALID, "the batmap says that a block is full, its bitmap says not", Cure.REPAIR),
    BATMAP_RESERVED(WARNING, "reserved bytes of the batmap header are not zero", Cure.NOTHING),
    KEY_HASH(NOTE, "the disk has the hash of a key: its data may be encrypted", Cure.NOTHING),

    LOCATOR_PLATFORM(INVALID, "a parent locator has an unknown platform code", Cure.REPAIR),
    LOCATOR_NOT_EMPTY(INVALID, "an unused parent locator is not all zero", Cure.REPAIR),
    LOCATOR_UNUSED_PLACE(NOTE, "an unused parent locator has a place, which nobody looks at", Cure.NOTHING),
    LOCATOR_OFFSET(INVALID, "a parent locator has no place", Cure.REPAIR),
    LOCATOR_SPACE(INVALID, "a parent locator's room is neither sectors nor whole sectors of bytes", Cure.REPAIR),
    LOCATOR_LENGTH(INVALID, "a parent locator's path has no length that makes sense", Cure.REPAIR),
    LOCATOR_PAST_END(INVALID, "a parent locator points beyond the file", Cure.REPAIR),
    LOCATOR_RESERVED(INVALID, "reserved bytes of a parent locator are not zero", Cure.REPAIR),
    LOCATOR_DUPLICATE(INVALID, "two parent locators have the same platform code", Cure.REPAIR),
    LOCATOR_UNREADABLE(INVALID, "a parent locator's path is no text", Cure.REPAIR),
    LOCATOR_NAME(INVALID, "a parent locator and the header name different files", Cure.REPAIR),
    LOCATOR_OVERLAP(INVALID, "a parent locator's path overlaps something else", Cure.RESTORE),
    LOCATOR_STALE(NOTE, "a parent locator leads to no file, though another one does", Cure.NOTHING),
    LOCATOR_WRONG_PARENT(
            INVALID, "a parent locator leads to another file than the parent, and blktap follows it", Cure.REPARENT),

    PARENT_MISSING(INVALID, "the parent cannot be found", Cure.REPARENT),
    PARENT_BY_NAME(REPAIRABLE, "the parent was found by its name only, which other programs do not do", Cure.REPAIR),
    PARENT_ID(INVALID, "the parent has another unique id than the child says", Cure.REPARENT),
    PARENT_UNREADABLE(
            INVALID,
            "the parent cannot be opened",
            Advice.of("check the parent: ").then(Remedy.of(Verb.VHD_CHECK, "PARENT"))),
    PARENT_CHANGED(NOTE, "the parent's time stamp is not when the parent was last changed", Cure.NOTHING),
    PARENT_LARGER(WARNING, "the parent is larger than the child, which hides its end", Cure.NOTHING),
    PARENT_SMALLER(NOTE, "the child is larger than its parent", Cure.NOTHING),
    CYCLE(INVALID, "the disk is its own ancestor", Cure.REPARENT),
    ANCESTOR_DAMAGED(INVALID, "an ancestor is damaged", Advice.of("repair that file")),
    ANCESTOR_WARNING(WARNING, "programs stumble over an ancestor", Advice.of("see that file"));

    private final Severity severity;
    private final String meaning;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list of records
    private final Advice advice;

    Code(Severity severity, String meaning, Advice advice) {
        this.severity = severity;
        this.meaning = meaning;
        this.advice = advice;
    }

    /** Returns how bad it is. */
    public Severity severity() {
        return severity;
    }

    /** Returns what it means, in a line. */
    public String meaning() {
        return meaning;
    }

    /** Returns what to do about it. */
    public Advice advice() {
        return advice;
    }

    /** Whether {@link VhdRepair} has a way to put it right, without an option that asks for more. */
    public boolean isRepaired() {
        return advice.equals(Cure.REPAIR);
    }

    /** Advice that several conditions share. */
    private static final class Cure {
        static final Advice REPAIR = Advice.of("repair it: ").then(Remedy.of(Verb.VHD_REPAIR, "FILE"));
        static final Advice RESTORE = Advice.of("restore the file from a backup");
        static final Advice RESTORE_OR_DROP = Advice.of("restore it from a backup, or give up such blocks: ")
                .then(Remedy.of(Verb.VHD_REPAIR, "FILE").with("dropEntriesPastEnd"));
        static final Advice REPARENT = Advice.of("name the right parent: ")
                .then(Remedy.of(Verb.VHD_REPARENT, "FILE").with("parent", "PARENT"));
        static final Advice CONVERT = Advice.of("make a clean copy: ").then(Remedy.of(Verb.VHD_CONVERT, "FILE"));
        static final Advice NEWER = Advice.of("open it with the software that wrote it");
        static final Advice CLOCK = Advice.of("set this host's clock, or check with --ignore-timestamps");
        static final Advice NOTHING = Advice.of("nothing to do");

        private Cure() {}
    }
}
