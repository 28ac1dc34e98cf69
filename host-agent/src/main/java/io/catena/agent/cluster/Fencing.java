package io.catena.agent.cluster;

import io.catena.lease.BootClock;
import io.catena.lease.Claim;
import io.catena.lease.EpochFence;
import io.catena.lease.Grant;
import io.catena.lease.Holder;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.NotingStorage;
import io.catena.lease.WrittenFiles;
import io.catena.log.LogLine;
import io.catena.sr.live.OpenLogs;
import io.catena.sr.tree.ReplacedMarks;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Keeps out of an SR what its former owner has under way. For one thread. */
public final class Fencing {
    private static final Logger LOG = Logger.getLogger(Fencing.class.getName());

    /** Only for the test that shows what becomes of an SR without copies; files are not locked then, either. */
    private static final boolean WITHOUT_COPIES = "off".equals(System.getProperty("catena.test.fence"));

    private final String sr;
    private final Storage plain;
    private final Storage names;
    private final LeaseStore store;
    private final WrittenFiles.Right right;
    private final UUID self;
    private final BootClock clock;
    private @Nullable WrittenFiles written;
    private boolean takenOver;

    /**
     * @param plain the SR's directory
     * @param names the same; changes of names fail when they come late
     * @param right to the SR, which is claimed
     * @param self this host's id
     * @param clock keeps the leases while somebody sleeps by it
     */
    public Fencing(
            String sr,
            Storage plain,
            Storage names,
            LeaseStore store,
            WrittenFiles.Right right,
            UUID self,
            BootClock clock) {
        this.sr = sr;
        this.plain = plain;
        this.names = names;
        this.store = store;
        this.right = right;
        this.self = self;
        this.clock = clock;
    }

    /**
     * Raises the fence.
     *
     * <ol>
     *   <li>Late changes of names fail.
     *   <li>The former owner cannot begin to write another file.
     *   <li>If it gave the SR up in order, that is all.
     *   <li>Say which files are replaced, then replace them by copies: what other hosts may still write goes to files that
     *       have no name any more. What a former process of this host wrote is in its kernel, and stays noted.
     *   <li>The redo logs of the former owner are not missed.
     *   <li>Nothing needs to be copied for them any more.
     * </ol>
     */
    public void raise(Claim before, Grant now) throws IOException {
        EpochFence.raise(plain, now.epoch());
        written = WrittenFiles.takeOver(store, self, right);
        Holder former = before.holder();
        if (former == null) {
            written.clear();
            return;
        }
        Set<String> others = written.ofOthers();
        boolean isOwn = former.host().equals(self.toString());
        takenOver = !isOwn || !others.isEmpty();
        if (takenOver) {
            awaitSilence(isOwn);
            long copied = WITHOUT_COPIES ? warnOfNoCopies() : replaceByCopies(others);
            // They are in the run directory of a host that is dead: what was not flushed there is lost, as by a power
            // cut.
            new OpenLogs(names).forgetAll();
            written.forgetOthers();
            LOG.warning(LogLine.of(
                    "sr-taken-over", "sr", sr, "from", former.text(), "epoch", now.epoch(), "copiedBytes", copied));
        }
    }

    private long replaceByCopies(Set<String> files) throws IOException {
        markReplaced(files);
        return WrittenFiles.replaceByCopies(names, files);
    }

    private long warnOfNoCopies() {
        LOG.severe(LogLine.of("fence-off", "sr", sr, "cause", "catena.test.fence=off: late writes damage the SR"));
        return 0;
    }

    /** Before a copy takes the place of a file: it would be taken for one that somebody has put there. */
    private void markReplaced(Set<String> files) throws IOException {
        ReplacedMarks marks = new ReplacedMarks(names);
        for (String file : files) {
            if (!file.contains("/")) {
                marks.add(file);
            }
        }
        names.syncNames();
    }

    /** A takeover by this host was interrupted, maybe before it was certain that the former owner answers no more. */
    private void awaitSilence(boolean isOwn) throws IOException {
        if (isOwn) {
            clock.sleep(LeaseTimes.DEFAULT.deadNanos());
        }
    }

    /** Returns the storage, whose owner says from now on what it writes. */
    public Storage noted() {
        return new NotingStorage(names, Objects.requireNonNull(written, "the fence was not raised"), takenOver);
    }
}
