package io.catena.check.finding;

import static io.catena.check.finding.Severity.INVALID;
import static io.catena.check.finding.Severity.NOTE;
import static io.catena.check.finding.Severity.REPAIRABLE;
import static io.catena.check.finding.Severity.UNSUPPORTED;
import static io.catena.check.finding.Severity.WARNING;

import io.catena.check.VhdRepair;

/** Every condition that a check knows: how bad it is, what it means, what to do. */
public enum Code {
    FOOTER_COOKIE(REPAIRABLE, "no footer where one must stand", Advice.REPAIR),
    FOOTER_CHECKSUM(REPAIRABLE, "a footer's checksum does not match its bytes", Advice.REPAIR),
    FOOTERS_DIFFER(REPAIRABLE, "the footer and its copy are valid but not equal", Advice.REPAIR),
    NO_FOOTER(INVALID, "neither the footer nor its copy can be used", Advice.RESTORE),
    FOOTER_POISONED(
            INVALID,
            "a resize by vhd-util did not end and left the disk disabled",
            "revert it: catena vhd repair FILE --journal JOURNAL, with the journal of that resize"),
    FOOTER_RESERVED_FEATURE(INVALID, "the feature bit that must be set is clear", Advice.REPAIR),
    FOOTER_FEATURES(INVALID, "feature bits that nobody defined are set", Advice.NEWER),
    FOOTER_VERSION(INVALID, "the file format version is not 1.0", Advice.NEWER),
    FOOTER_DATA_OFFSET(INVALID, "the data offset does not point to a place for the dynamic header", Advice.RESTORE),
    FOOTER_TIME_IN_FUTURE(INVALID, "the disk was made in the future", Advice.CLOCK),
    CREATOR_LITTLE_ENDIAN(
            UNSUPPORTED,
            "written by blktap 0.1, whose sector bitmaps no current program reads",
            "convert it with the software that wrote it"),
    CREATOR_VERSION(INVALID, "written by a blktap newer than 1.3", Advice.NEWER),
    DISK_SIZE(INVALID, "the disk's size is not a number of sectors", Advice.RESTORE),
    DISK_SIZE_ABOVE_LIMIT(
            WARNING,
            "the disk is larger than 2040 GiB, which qemu, Hyper-V and XenServer refuse",
            "copy it to smaller disks before moving it there"),
    ORIGINAL_SIZE(NOTE, "original and current size differ; libvhdi shows the original one", Advice.NOTHING),
    GEOMETRY_TOO_LARGE(INVALID, "the geometry tells of more sectors than the disk has", Advice.REPAIR),
    GEOMETRY_UNUSUAL(NOTE, "the geometry is not the one that the specification computes", Advice.NOTHING),
    DISK_TYPE(INVALID, "the disk type is not fixed, dynamic or differencing", Advice.NEWER),
    SAVED_STATE(INVALID, "the saved state is neither 0 nor 1", Advice.RESTORE),
    HIDDEN(INVALID, "the hidden flag is neither 0 nor 1", "set it: catena vhd set FILE"),
    FOOTER_RESERVED(INVALID, "reserved bytes of a footer are not zero", Advice.REPAIR),
    NULL_ID(REPAIRABLE, "the unique id is zero", Advice.REPAIR),
    FILE_SIZE_UNALIGNED(REPAIRABLE, "the file does not end with a sector", Advice.REPAIR),
    SHORT_FOOTER(NOTE, "the footer has 511 bytes, as Virtual PC wrote it before 2004", Advice.NOTHING),
    FIXED_TOO_SHORT(INVALID, "the file of a fixed disk ends before the disk does", Advice.RESTORE),
    FIXED_TOO_LONG(WARNING, "the file of a fixed disk holds more than the disk and its footer", Advice.NOTHING),

    HEADER_COOKIE(INVALID, "no dynamic header where the footer points to", Advice.RESTORE),
    HEADER_CHECKSUM(INVALID, "the dynamic header's checksum does not match its bytes", Advice.RESTORE),
    HEADER_VERSION(INVALID, "the dynamic header's version is not 1.0", Advice.NEWER),
    HEADER_DATA_OFFSET(INVALID, "the dynamic header points to a next structure; there is none", Advice.REPAIR),
    HEADER_DATA_OFFSET_OLD_QEMU(REPAIRABLE, "a header as old qemu wrote it, which blktap refuses", Advice.REPAIR),
    HEADER_RESERVED(INVALID, "reserved bytes of the dynamic header are not zero", Advice.REPAIR),
    TABLE_OFFSET(INVALID, "the BAT does not stand on a sector, or not within the file", Advice.RESTORE),
    TOO_MANY_BLOCKS(UNSUPPORTED, "the disk has more blocks, or room for more, than this program opens", Advice.NEWER),
    TABLE_TOO_SMALL(INVALID, "the BAT has fewer entries than the disk has blocks", Advice.RESTORE),
    BLOCK_SIZE(INVALID, "the block size is not a power of two from 4 KiB to 256 MiB", Advice.RESTORE),
    BLOCK_SIZE_UNUSUAL(
            NOTE,
            "blocks of another size than 2 MiB, which blktap misreads",
            "do not attach it with blktap; catena vhd convert FILE makes one that it reads"),
    PARENT_TIME_IN_FUTURE(INVALID, "the parent's time stamp is in the future", Advice.CLOCK),
    PARENT_NAME(INVALID, "the parent name is no text", Advice.REPAIR),
    PARENT_NAME_LITTLE_ENDIAN(NOTE, "the bytes of the parent name are in the other order", Advice.NOTHING),
    STRAY_PARENT(INVALID, "a disk that needs no parent names one", Advice.RESTORE),

    METADATA_OVERLAP(INVALID, "two parts of the file's metadata overlap", Advice.RESTORE),
    BLOCK_IN_METADATA(INVALID, "a block overlaps metadata", Advice.RESTORE),
    BLOCK_BEFORE_METADATA(
            WARNING, "a block stands between parts of the metadata, which blktap refuses", Advice.CONVERT),
    BLOCK_PAST_END(INVALID, "a block does not end within the file", Advice.RESTORE_OR_DROP),
    BLOCK_WITHOUT_DATA(
            REPAIRABLE, "the file ends where the last block's data should begin, which are zeros", Advice.REPAIR),
    BLOCK_DATA_LOST(
            INVALID,
            "the file was cut off: of a block it holds the bitmap, and none of the data that this tells of",
            Advice.RESTORE_OR_DROP),
    BLOCK_OVERLAP(INVALID, "two blocks overlap", Advice.RESTORE),
    ENTRY_BEYOND_SIZE(WARNING, "a block is allocated that lies beyond the disk's end", Advice.CONVERT),
    TABLE_TOO_LARGE(WARNING, "too many blocks to look at all; some were not checked", Advice.CONVERT),
    STRAY_DATA(
            WARNING,
            "data in sectors that the bitmap says are not there; programs without bitmaps show it",
            Advice.CONVERT),

    BATMAP_MISSING(REPAIRABLE, "no batmap, though the creator promises one", Advice.REPAIR),
    BATMAP_PAST_END(INVALID, "the batmap does not end within the file", Advice.REPAIR),
    BATMAP_VERSION(INVALID, "the batmap's version is unknown", Advice.REPAIR),
    BATMAP_OFFSET(INVALID, "the batmap does not stand on a sector behind its header", Advice.REPAIR),
    BATMAP_SIZE(INVALID, "the batmap has fewer bits than the BAT has entries", Advice.REPAIR),
    BATMAP_CHECKSUM(INVALID, "the batmap's checksum does not match its bits", Advice.REPAIR),
    BATMAP_UNALLOCATED(INVALID, "the batmap says that a block is full which is not allocated", Advice.REPAIR),
    BATMAP_NOT_FULL(INVALID, "the batmap says that a block is full, its bitmap says not", Advice.REPAIR),
    BATMAP_RESERVED(WARNING, "reserved bytes of the batmap header are not zero", Advice.NOTHING),
    KEY_HASH(NOTE, "the disk has the hash of a key: its data may be encrypted", Advice.NOTHING),

    LOCATOR_PLATFORM(INVALID, "a parent locator has an unknown platform code", Advice.REPAIR),
    LOCATOR_NOT_EMPTY(INVALID, "an unused parent locator is not all zero", Advice.REPAIR),
    LOCATOR_UNUSED_PLACE(NOTE, "an unused parent locator has a place, which nobody looks at", Advice.NOTHING),
    LOCATOR_OFFSET(INVALID, "a parent locator has no place", Advice.REPAIR),
    LOCATOR_SPACE(INVALID, "a parent locator's room is neither sectors nor whole sectors of bytes", Advice.REPAIR),
    LOCATOR_LENGTH(INVALID, "a parent locator's path has no length that makes sense", Advice.REPAIR),
    LOCATOR_PAST_END(INVALID, "a parent locator points beyond the file", Advice.REPAIR),
    LOCATOR_RESERVED(INVALID, "reserved bytes of a parent locator are not zero", Advice.REPAIR),
    LOCATOR_DUPLICATE(INVALID, "two parent locators have the same platform code", Advice.REPAIR),
    LOCATOR_UNREADABLE(INVALID, "a parent locator's path is no text", Advice.REPAIR),
    LOCATOR_NAME(INVALID, "a parent locator and the header name different files", Advice.REPAIR),
    LOCATOR_OVERLAP(INVALID, "a parent locator's path overlaps something else", Advice.RESTORE),
    LOCATOR_STALE(NOTE, "a parent locator leads to no file, though another one does", Advice.NOTHING),
    LOCATOR_WRONG_PARENT(
            INVALID, "a parent locator leads to another file than the parent, and blktap follows it", Advice.REPARENT),

    PARENT_MISSING(INVALID, "the parent cannot be found", Advice.REPARENT),
    PARENT_BY_NAME(REPAIRABLE, "the parent was found by its name only, which other programs do not do", Advice.REPAIR),
    PARENT_ID(INVALID, "the parent has another unique id than the child says", Advice.REPARENT),
    PARENT_UNREADABLE(INVALID, "the parent cannot be opened", "check the parent: catena vhd check PARENT"),
    PARENT_CHANGED(NOTE, "the parent's time stamp is not when the parent was last changed", Advice.NOTHING),
    PARENT_LARGER(WARNING, "the parent is larger than the child, which hides its end", Advice.NOTHING),
    PARENT_SMALLER(NOTE, "the child is larger than its parent", Advice.NOTHING),
    CYCLE(INVALID, "the disk is its own ancestor", Advice.REPARENT),
    ANCESTOR_DAMAGED(INVALID, "an ancestor is damaged", "repair that file"),
    ANCESTOR_WARNING(WARNING, "programs stumble over an ancestor", "see that file");

    private final Severity severity;
    private final String meaning;
    private final String advice;

    Code(Severity severity, String meaning, String advice) {
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
    public String advice() {
        return advice;
    }

    /** Whether {@link VhdRepair} has a way to put it right, without an option that asks for more. */
    public boolean isRepaired() {
        return advice.equals(Advice.REPAIR);
    }

    /** Advice that several conditions share. */
    private static final class Advice {
        static final String REPAIR = "repair it: catena vhd repair FILE";
        static final String RESTORE = "restore the file from a backup";
        static final String RESTORE_OR_DROP =
                "restore it from a backup, or give up such blocks: catena vhd repair FILE --drop-entries-past-end";
        static final String REPARENT = "name the right parent: catena vhd reparent FILE --parent PARENT";
        static final String CONVERT = "make a clean copy: catena vhd convert FILE";
        static final String NEWER = "open it with the software that wrote it";
        static final String CLOCK = "set this host's clock, or check with --ignore-timestamps";
        static final String NOTHING = "nothing to do";

        private Advice() {}
    }
}
