package io.catena.agent.mirror;

import io.catena.agent.copy.Pace;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import io.catena.sr.job.JobWork;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A mirror from its beginning to its end.
 *
 * <ol>
 *   <li>Make the copy, and connect.
 *   <li>Have the disk's changes go there, too: from here on each either arrives or is known to be missing.
 *   <li>Copy what is missing, and connect again if the connection breaks, until the service of the disk ends.
 *   <li>If nothing is missing then, the copy is complete: flush it and let go of it. Else it never was.
 * </ol>
 *
 * <p><b>Threads.</b> Run by one thread; looked at by any.
 */
final class MirrorRun implements JobWork {
    private static final Logger LOG = Logger.getLogger(MirrorRun.class.getName());
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** A connection that nobody uses shows by this whether it stands. */
    private static final long FLUSH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** How long changes of the disk that began before the mirror may take. */
    private static final Duration DRAIN = Duration.ofSeconds(30);

    private final MirroredDisk disk;
    private final Target target;
    private final Manner manner;
    private volatile @Nullable Mirror mirror;

    /** Whether the copy was complete and durable at some time. */
    private volatile boolean wasInSync;

    /** What was told of the progress. */
    private long toldBytes;

    private long toldTotalBytes;

    /** Whether the copy was complete before, so that it is flushed at once when it is. */
    private boolean wasComplete;

    private long flushedNanos;

    /**
     * How a disk is mirrored.
     *
     * @param patience how long the copy may take for an answer before it counts as broken: who uses the disk waits for it
     * @param connectsAgain whether to go on when the connection broke
     * @param bytesPerSecond how much is copied beside the changes; 0 for no limit
     */
    record Manner(Duration patience, boolean connectsAgain, long bytesPerSecond) {}

    MirrorRun(MirroredDisk disk, Target target, Manner manner) {
        this.disk = disk;
        this.target = target;
        this.manner = manner;
    }

    @Override
    public String run(JobControl control) throws IOException {
        control.phase("making the copy");
        boolean isPristine = target.prepare(disk.sizeBytes());
        boolean complete = false;
        try {
            Mirror begun = new Mirror(disk.disk(), disk.reader(), isPristine);
            begun.connected(connect());
            mirror = begun;
            LinkWatch watch = LinkWatch.start(begun::link, manner.patience(), begun::broken);
            try {
                mirror(begun, control);
            } finally {
                watch.close();
            }
            complete = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SrException(SrError.CANCELLED, "The mirror was interrupted", e);
        } finally {
            end();
            if (!complete) {
                target.giveUp();
            }
        }
        return letGo();
    }

    private Link connect() throws IOException {
        Link link = target.connect();
        if (link.sizeBytes() < disk.sizeBytes() || link.readOnly()) {
            link.close();
            throw new SrException(
                            SrError.VDI_SIZE,
                            target.text() + " has " + link.sizeBytes() + " bytes"
                                    + (link.readOnly() ? " and is read-only" : "") + "; the disk has "
                                    + disk.sizeBytes())
                    .correction("Choose another copy.");
        }
        return link;
    }

    /** The copy is nobody's any more, and as it should be. */
    private String letGo() {
        try {
            target.complete();
            return "complete in " + target.text();
        } catch (IOException | SrException e) {
            LOG.log(Level.WARNING, LogLine.of("mirror-not-released", "target", target.text()), e);
            return "complete in " + target.text() + ", which could not be let go of: " + e.getMessage();
        }
    }

    private void end() throws IOException {
        Mirror begun = mirror;
        Link link = begun == null ? null : begun.link();
        if (link != null) {
            link.close();
        }
        disk.end();
    }

    private void mirror(Mirror begun, JobControl control) throws IOException, InterruptedException {
        if (!disk.begin(begun, DRAIN)) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "Writes to the disk have been under way for more than " + DRAIN.toSeconds() + " s")
                    .correction("Check the storage below the SR, then try again.");
        }
        Pace pace = new Pace(manner.bytesPerSecond());
        tell(begun, control);
        while (!begun.isEnded()) {
            control.checkCancelled();
            requireSize(begun);
            if (begun.link() == null) {
                connectAgain(begun, control);
            } else {
                copy(begun, control, pace);
            }
        }
        requireSize(begun);
        begun.flushCopy();
        tell(begun, control);
        requireComplete(begun);
    }

    private void copy(Mirror begun, JobControl control, Pace pace) throws IOException, InterruptedException {
        long before = begun.sentBytes();
        long copied = copySome(begun);
        tell(begun, control);
        if (copied > 0) {
            wasComplete = false;
            control.phase("copying; writes go to both");
            pace.sent(begun.sentBytes() - before, control::rest);
        } else if (begun.isInSync()) {
            if (!wasComplete || System.nanoTime() - flushedNanos > FLUSH_NANOS) {
                begun.flushCopy();
                flushedNanos = System.nanoTime();
                wasComplete = true;
                wasInSync |= begun.isInSync();
            }
            control.phase("in sync; writes go to both");
            begun.await(LOOK_NANOS);
        }
    }

    /** The end of the service may come while something is read. */
    private static long copySome(Mirror begun) throws IOException {
        try {
            return begun.copySome();
        } catch (DiskUnreadableException e) {
            if (begun.isEnded()) {
                return 0;
            }
            throw e;
        }
    }

    private void tell(Mirror begun, JobControl control) {
        long missing = begun.missingBytes();
        long total = Math.max(toldTotalBytes, toldBytes + missing);
        control.addTotal(total - toldTotalBytes);
        toldTotalBytes = total;
        long done = total - missing;
        control.done(done - toldBytes);
        toldBytes = done;
    }

    private void connectAgain(Mirror begun, JobControl control) throws IOException, InterruptedException {
        String trouble = begun.trouble();
        if (!manner.connectsAgain()) {
            throw new IOException("the copy was lost: " + trouble);
        }
        for (long wait = FIRST_WAIT_NANOS; begun.link() == null && !begun.isEnded(); wait *= 2) {
            tell(begun, control);
            control.phase("the copy cannot be reached, what is written is remembered: " + trouble);
            rest(begun, Math.min(wait, LONGEST_WAIT_NANOS), control);
            try {
                begun.connected(connect());
            } catch (IOException | SrException e) {
                trouble = String.valueOf(e.getMessage());
            }
        }
    }

    private static void rest(Mirror begun, long nanos, JobControl control) throws InterruptedException {
        long until = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !begun.isEnded(); left = until - System.nanoTime()) {
            control.checkCancelled();
            begun.await(Math.min(left, LOOK_NANOS));
        }
    }

    private void requireSize(Mirror begun) {
        if (begun.hasGrown()) {
            throw new SrException(SrError.VDI_SIZE, "The disk has grown since the mirror began, and its copy has not")
                    .correction("Make the copy larger, too, and begin the mirror again with its id.");
        }
    }

    private void requireComplete(Mirror begun) {
        if (!begun.isInSync()) {
            throw new SrException(
                            SrError.IO_ERROR,
                            "The disk was deactivated when " + begun.missingBytes() + " bytes of the copy were missing"
                                    + (begun.trouble().isEmpty() ? "" : ": " + begun.trouble()))
                    .correction("Activate the disk again, and begin the mirror again with the id of the copy.");
        }
    }

    /** Whether the copy shows what the disk does. */
    boolean isInSync() {
        Mirror begun = mirror;
        return begun != null && begun.isInSync();
    }

    /** Whether the copy has shown and kept what the disk did at some time; since then it gets all changes. */
    boolean wasInSync() {
        return wasInSync;
    }

    MirrorState state() {
        Mirror begun = mirror;
        if (begun == null) {
            return MirrorState.CONNECTING;
        }
        if (begun.isInSync()) {
            return MirrorState.IN_SYNC;
        }
        return begun.link() == null ? MirrorState.BROKEN : MirrorState.COPYING;
    }

    long missingBytes() {
        Mirror begun = mirror;
        return begun == null ? disk.sizeBytes() : begun.missingBytes();
    }

    String trouble() {
        Mirror begun = mirror;
        return begun == null ? "" : begun.trouble();
    }

    String to() {
        return target.text();
    }
}
