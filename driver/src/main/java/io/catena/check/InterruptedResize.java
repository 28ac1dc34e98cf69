package io.catena.check;

import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.check.undo.DamagedJournalException;
import io.catena.format.Checksums;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A resize by vhd-util that did not end, whose journal stands in a file of its own: {@link #end} brings the disk back.
 *
 * <p>While such a resize works, it writes "v_poison" over both footers' cookies, so that nobody opens the disk. Its end sets
 * the journal's counters to zero, takes the poison away, and deletes the journal.
 *
 * <p><b>Threads.</b> Not safe for use by several threads on one file.
 */
public final class InterruptedResize {
    private static final long JOURNAL_COOKIE = 0x766a6f75726e616cL; // "vjournal"
    private static final int JOURNAL_HEADER_BYTES = 512;
    private static final int DATA_ENTRIES = 32;
    private static final int METADATA_ENTRIES = 36;
    private static final byte[] COOKIE = {'c', 'o', 'n', 'e', 'c', 't', 'i', 'x'};

    private final Storage storage;
    private final String disk;
    private final String journal;

    /**
     * @param disk a VHD that exists
     * @param journal a file that exists
     */
    public InterruptedResize(Storage storage, String disk, String journal) {
        this.storage = storage;
        this.disk = disk;
        this.journal = journal;
    }

    /** How far the resize got. */
    public enum State {
        /** The disk is whole, as before or as after: the journal means nothing. */
        ENDED,
        /** Nothing was moved yet, or everything was: only the poison has to go. */
        POISONED,
        /** Blocks and tables were being moved: the journal has what they were. */
        HALF_DONE,
        /** The same, but the journal cannot be used. */
        LOST
    }

    /** Whether a file is such a journal. */
    public static boolean isJournal(Storage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            return RawImage.read(file, 0, Long.BYTES).getLong(0) == JOURNAL_COOKIE;
        }
    }

    /** Tells how far the resize got. */
    public State state() throws IOException {
        try (BlockFile file = storage.openReadOnly(disk);
                BlockFile kept = storage.openReadOnly(journal)) {
            State state = state(RawImage.read(file), kept);
            if (state == State.HALF_DONE) {
                plan(file);
            }
            return state;
        } catch (DamagedJournalException e) {
            return State.LOST;
        }
    }

    /** A disk that is not poisoned may have been written since, so its journal must not be replayed. */
    private static State state(RawImage image, BlockFile kept) throws IOException {
        if (!image.trailing().isPoisoned() && !image.copy().isPoisoned()) {
            return State.ENDED;
        }
        ByteBuffer header = RawImage.read(kept, 0, JOURNAL_HEADER_BYTES);
        boolean empty = header.getLong(0) == JOURNAL_COOKIE
                && header.getInt(DATA_ENTRIES) == 0
                && header.getInt(METADATA_ENTRIES) == 0;
        return empty ? State.POISONED : State.HALF_DONE;
    }

    /**
     * Undoes what was half done, and deletes the journal.
     *
     * <ol>
     *   <li>Put back all but the footers; sync. Both footers stay as they are, so the disk stays poisoned.
     *   <li>Put back the footer at the end, behind which the file is cut off; sync.
     *   <li>Put back its copy; sync. As long as one of both is poisoned, this begins again from the journal.
     *   <li>Delete the journal, only now that nobody needs it, and make that durable.
     * </ol>
     *
     * @throws DamagedJournalException if the journal is needed and cannot be used; nothing was changed then
     */
    public void end() throws IOException {
        try (BlockFile file = storage.open(disk)) {
            List<Change> changes = plan(file);
            for (Change.Step step : Change.Step.values()) {
                VhdRepair.write(file, changes, step);
            }
        }
        storage.delete(journal);
        storage.syncNames();
    }

    private List<Change> plan(BlockFile file) throws IOException {
        ChangeList changes = new ChangeList(file);
        RawImage image = RawImage.read(file);
        try (BlockFile kept = storage.openReadOnly(journal)) {
            switch (state(image, kept)) {
                case ENDED -> {}
                case POISONED -> {
                    unpoison(image.trailing(), Change.Step.FIRST_FOOTER, changes);
                    unpoison(image.copy(), Change.Step.SECOND_FOOTER, changes);
                }
                case HALF_DONE, LOST -> JournalRevert.plan(kept, image, changes);
            }
        }
        return changes.all();
    }

    private static void unpoison(RawFooter footer, Change.Step step, ChangeList changes) throws IOException {
        if (footer.isPoisoned()) {
            ByteBuffer bytes = footer.copyOfBytes().put(0, COOKIE);
            bytes.putInt(RawFooter.CHECKSUM, Checksums.onesComplement(bytes, RawFooter.CHECKSUM));
            changes.replace(step, footer.offset(), bytes, "the resize had nothing left to do");
        }
    }
}
