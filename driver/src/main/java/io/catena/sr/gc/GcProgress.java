package io.catena.sr.gc;

import io.catena.log.LogLine;
import io.catena.sr.gc.plan.GcStep;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Remembers how far push downs got, so that one that is ended by a cancel, a pause, the death of the agent or of its host need
 * not begin again. What drains or is pulled up needs no memory: it can be seen in the files.
 *
 * <ol>
 *   <li>Before anything is copied: what another step noted of any of the files goes, durably; it will not hold any more. A
 *       note that holds is marked as being carried on.
 *   <li>Now and then: all that was copied up to a byte is made durable in the parent, data and metadata ({@link PushDown}).
 *   <li>Only then that byte is noted, durably: a power cut must not leave a note of what is not there. The parent goes on
 *       being written, so the note cannot tell how it looks.
 *   <li>When the push down was ended and the parent is closed, how it looks is noted, too: from here on the note holds as
 *       long as no file looks different, whoever has had the directory meanwhile.
 *   <li>If that could not be done, the next attach does it ({@link #settle}): after a session that did not end in order
 *       nobody else can have changed the files, see {@link io.catena.op.OfflineAccess}.
 * </ol>
 *
 * <p><b>Threads.</b> Safe for use by many threads, each with a step of another tree.
 */
public final class GcProgress {
    private static final Logger LOG = System.getLogger(GcProgress.class.getName());

    /** To make it durable takes a twentieth of the time at most; but what was copied in this time may be lost. */
    private static final long MOST_NANOS = 5_000_000_000L;

    private static final int WORK_TO_NOTES = 20;

    /** The same while guests work, whose writes may have to wait meanwhile: of a hundred fewer than one shall. */
    private static final long MOST_NANOS_BESIDE_GUESTS = 30_000_000_000L;

    private static final int WORK_TO_NOTES_BESIDE_GUESTS = 400;

    private final Storage storage;
    private final LongSupplier nanoTime;

    /**
     * @param nanoTime a clock for measuring
     */
    GcProgress(Storage storage, LongSupplier nanoTime) {
        this.storage = storage;
        this.nanoTime = nanoTime;
    }

    /**
     * Returns up to which byte of the disk all was copied, durably; and forgets what was done with any of its files in
     * another step.
     */
    long begin(GcStep step) throws IOException {
        long reached = 0;
        boolean forgotten = false;
        for (String file : PushDownNote.files(storage)) {
            Optional<PushDownNote> note = PushDownNote.read(storage, file);
            if (note.filter(known -> known.concernsNone(step.files())).isPresent()) {
                continue;
            }
            Optional<PushDownNote> valid = note.filter(known -> known.isOf(step));
            if (valid.isPresent() && valid.get().isAtRest() && valid.get().holds(storage)) {
                valid.get().beingCarriedOn().write(storage, file);
                reached = valid.get().nextByte();
            } else {
                storage.delete(file);
                forgotten = true;
            }
        }
        if (forgotten) {
            storage.syncNames();
        }
        return reached;
    }

    /** Returns what is to be told how far a push down gets; to be called before anything is copied. */
    PushDown.Milestones milestones(GcStep step) throws IOException {
        return new Notes(PushDownNote.file(step), PushDownNote.begun(storage, step));
    }

    /** Notes how the parent looks, of a push down that was ended; it is closed. */
    void rest(GcStep step) {
        String file = PushDownNote.file(step);
        try {
            Optional<PushDownNote> note = PushDownNote.read(storage, file);
            if (note.isPresent()) {
                note.get().atRest(storage).write(storage, file);
            }
        } catch (IOException e) {
            tellLoss(file, e);
        }
    }

    /** Forgets a step that is done. */
    void done(GcStep step) {
        String file = PushDownNote.file(step);
        try {
            storage.delete(file);
        } catch (IOException e) {
            tellLoss(file, e);
        }
    }

    /**
     * Goes through what the last session left; all that is there afterwards holds. May be interrupted and repeated.
     *
     * @param inOrder whether that session ended in order: then others may have had the directory since
     */
    public static void settle(Storage storage, boolean inOrder) throws IOException {
        Set<String> files = PushDownNote.files(storage);
        for (String file : files) {
            Optional<PushDownNote> note =
                    PushDownNote.read(storage, file).filter(known -> known.isAtRest() || !inOrder);
            if (note.isEmpty() || !note.get().holds(storage)) {
                storage.delete(file);
            } else if (!note.get().isAtRest()) {
                settle(storage, file, note.get());
            }
        }
        if (!files.isEmpty()) {
            storage.syncNames();
        }
    }

    /** On a full file system the note goes: no work done before is worth an SR that cannot be attached. */
    private static void settle(Storage storage, String file, PushDownNote note) throws IOException {
        try {
            note.atRest(storage).write(storage, file);
        } catch (IOException e) {
            tellLoss(file, e);
            storage.delete(file);
        }
    }

    /** Costs time only: what the note says, if there is one, is true. */
    private static void tellLoss(String file, IOException cause) {
        LOG.log(Level.WARNING, LogLine.of("gc-progress-not-kept", "file", file, "cause", cause.getMessage()));
    }

    /** Notes of one push down. */
    private final class Notes implements PushDown.Milestones {
        private final String file;
        private final PushDownNote begun;
        private long askedAt;
        private long lastAt = nanoTime.getAsLong();
        private long costNanos;

        Notes(String file, PushDownNote begun) {
            this.file = file;
            this.begun = begun;
        }

        @Override
        public boolean isDue(boolean guestsWork) {
            askedAt = nanoTime.getAsLong();
            long due = guestsWork
                    ? Math.min(MOST_NANOS_BESIDE_GUESTS, WORK_TO_NOTES_BESIDE_GUESTS * costNanos)
                    : Math.min(MOST_NANOS, WORK_TO_NOTES * costNanos);
            return askedAt - lastAt >= due;
        }

        @Override
        public void reached(long offset) {
            try {
                begun.reached(offset).write(storage, file);
            } catch (IOException e) {
                tellLoss(file, e);
            }
            lastAt = nanoTime.getAsLong();
            costNanos = lastAt - askedAt;
        }
    }
}
