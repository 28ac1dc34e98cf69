package io.catena.check;

import io.catena.check.finding.Findings;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.check.undo.DamagedJournalException;
import io.catena.format.Checksums;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Undoes a resize by vhd-util that did not end: puts back what its journal kept.
 *
 * <p>Source: blktap, {@code vhd/lib/libvhd-journal.c}, restated. Integers are big-endian, but for the journal's own end,
 * which is not needed here.
 *
 * <pre>
 * offset  size  field of the journal's header (512 bytes)
 *      0     8  cookie            "vjournal"
 *      8    16  unique id         as in the disk's footer
 *     24     8  footer offset     bytes
 *     32     4  data entries
 *     36     4  metadata entries
 *     40     8  data offset       bytes, in the journal
 *     48     8  metadata offset   bytes, in the journal
 *
 * offset  size  field of an entry (32 bytes, followed by its payload)
 *      0     8  cookie            0xaaaa12344321aaaa
 *      8     4  type              1 footer, 2 its copy, 3 header, 4 locator, 5 BAT, 6 batmap header, 7 batmap, 8 data
 *     12     4  size              bytes of the payload
 *     16     8  offset            where the payload belongs in the disk's file
 *     24     4  checksum          ones' complement of the sum of the entry's and the payload's bytes
 *     28     4  unused
 * </pre>
 */
final class JournalRevert {
    private static final long COOKIE = 0x766a6f75726e616cL; // "vjournal"
    private static final long ENTRY_COOKIE = 0xaaaa12344321aaaaL;
    private static final int HEADER_BYTES = 512;
    private static final int ENTRY_BYTES = 32;
    private static final int ENTRY_CHECKSUM = 24;
    private static final int TRAILING_FOOTER = 1;
    private static final int FOOTER_COPY = 2;
    private static final int DATA = 8;
    private static final int MAX_PAYLOAD = 16 << 20;

    /** The largest BAT there is takes the place of a few blocks; a journal has no reason to be larger. */
    private static final long MAX_JOURNAL = 64 << 20;

    private static final String WHY = "as before the interrupted resize";

    private final BlockFile journal;
    private final RawImage image;
    private final ChangeList changes;
    private boolean hasTrailingFooter;
    private boolean hasCopy;

    private JournalRevert(BlockFile journal, RawImage image, ChangeList changes) {
        this.journal = journal;
        this.image = image;
        this.changes = changes;
    }

    /**
     * Adds what brings a poisoned disk back; returns the size that its file will have.
     *
     * @throws DamagedJournalException also if it belongs to another disk
     */
    static long plan(BlockFile journal, RawImage image, ChangeList changes) throws IOException {
        return new JournalRevert(journal, image, changes).plan();
    }

    private long plan() throws IOException {
        if (journal.size() > MAX_JOURNAL) {
            throw damaged(0, journal.size() + " bytes", "at most " + MAX_JOURNAL);
        }
        ByteBuffer header = read(0, HEADER_BYTES);
        if (header.getLong(0) != COOKIE) {
            throw damaged(0, "cookie " + Findings.hex(header.getLong(0)), "\"vjournal\"");
        }
        RawFooter poisoned = image.trailing().isPoisoned() ? image.trailing() : image.copy();
        UUID id = new UUID(header.getLong(8), header.getLong(16));
        if (!id.equals(poisoned.uniqueId())) {
            throw damaged(8, "unique id " + id, poisoned.uniqueId() + ", the disk's");
        }
        long end = header.getLong(24) + RawFooter.SIZE;
        if (end < 2 * RawFooter.SIZE || end > image.size() + MAX_JOURNAL) {
            throw damaged(24, "footer at byte " + header.getLong(24), "a place in the file");
        }
        changes.cutOff(Change.Step.FIRST_FOOTER, end, "what the resize added");
        replay(header.getLong(48), header.getInt(36), end);
        replay(header.getLong(40), header.getInt(32), end);
        if (!hasTrailingFooter || !hasCopy) {
            throw damaged(0, "no entry for a footer", "one for each of both");
        }
        if (!changes.isSound()) {
            throw damaged(0, "two entries for the same bytes", "one");
        }
        return end;
    }

    private void replay(long start, int count, long end) throws IOException {
        long at = start;
        for (int i = 0; i < count; i++) {
            ByteBuffer entry = read(at, ENTRY_BYTES);
            int size = entry.getInt(12);
            if (entry.getLong(0) != ENTRY_COOKIE || size < 0 || size > MAX_PAYLOAD) {
                throw damaged(at, "no entry of a sane size", "entry " + (i + 1) + " of " + count);
            }
            replay(at, entry, size, end);
            at += ENTRY_BYTES + size;
        }
    }

    private void replay(long at, ByteBuffer entry, int size, long end) throws IOException {
        ByteBuffer whole = read(at, ENTRY_BYTES + size);
        int computed = Checksums.onesComplement(whole, ENTRY_CHECKSUM);
        if (computed != entry.getInt(ENTRY_CHECKSUM)) {
            throw damaged(
                    at + ENTRY_CHECKSUM,
                    Findings.hex(entry.getInt(ENTRY_CHECKSUM)),
                    Findings.hex(computed) + ", the checksum");
        }
        int type = entry.getInt(8);
        long offset = entry.getLong(16);
        if (type < TRAILING_FOOTER || type > DATA || offset < 0 || offset > end - size) {
            throw damaged(at, "type " + type + " for byte " + offset, "type 1 to 8, within " + end + " bytes");
        }
        hasTrailingFooter |= type == TRAILING_FOOTER;
        hasCopy |= type == FOOTER_COPY;
        changes.replace(stepOf(type), offset, whole.slice(ENTRY_BYTES, size), WHY);
    }

    /** The copy goes last: as long as it is poisoned, nobody opens the disk. */
    private static Change.Step stepOf(int type) {
        return switch (type) {
            case TRAILING_FOOTER -> Change.Step.FIRST_FOOTER;
            case FOOTER_COPY -> Change.Step.SECOND_FOOTER;
            default -> Change.Step.METADATA;
        };
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        if (offset < 0 || offset > journal.size() - length) {
            throw damaged(offset, "the journal's end at byte " + journal.size(), length + " bytes more");
        }
        return RawImage.read(journal, offset, length);
    }

    private DamagedJournalException damaged(long offset, String found, String expected) {
        return new DamagedJournalException(
                journal.name() + ": byte " + offset + ": found " + found + ", expected " + expected);
    }
}
