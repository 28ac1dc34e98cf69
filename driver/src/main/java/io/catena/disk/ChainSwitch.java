package io.catena.disk;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets disks go on with other chains, all at one instant: a request that begins after another was answered by a successor is
 * served by a successor too, whichever disks the two are on. Nothing waits for a request under way, and nothing is read or
 * written: it takes microseconds, however slow the storage is.
 *
 * <ol>
 *   <li>See to it that nobody is alone with any of the chains; who gives up a block is, for a moment.
 *   <li>Close all gates: new requests wait at that of the phase to come.
 *   <li>Open them.
 * </ol>
 *
 * <p>Requests under way end on the chain on which they began, so its files have to stay open, and a file that both chains
 * have may still be written for a while: until {@link #awaitRequestsBefore}. The successor must not remember until then what
 * such a file holds; see {@link Chain#overUnsettled}. Requests that have to be alone, since they give up a block or write a part
 * of a sector, wait for those before.
 *
 * <p>One thread at a time may switch a disk; a disk that it has paused can be switched too.
 */
public final class ChainSwitch {
    private final LiveDisk disk;
    private final Phase before;
    private final Phase after;
    private long closedAt;
    private long pauseNanos;

    private ChainSwitch(LiveDisk disk, Chain successor) {
        this.disk = disk;
        this.before = disk.phase();
        this.after = new Phase(successor, before);
    }

    /** What a disk is to go on with; it must have the same content. */
    public record Change(LiveDisk disk, Chain successor) {}

    /** Makes ready; {@link #together} does it. Nobody else may switch any of the disks before. */
    public static List<ChainSwitch> prepared(List<Change> changes) {
        return changes.stream()
                .map(change -> new ChainSwitch(change.disk(), change.successor()))
                .toList();
    }

    /**
     * Switches all disks, or none. The loops are plain: a lambda would be linked, and its class made, when it is used for the first
     * time, and that takes a thousand times as long as what is done here while requests wait.
     *
     * @param patience for a request that is alone with its disk's chain, and waits for the storage
     * @throws DiskBusyException if that took too long
     */
    public static void together(List<ChainSwitch> switches, Duration patience) throws DiskBusyException {
        List<ChainSwitch> held = new ArrayList<>();
        try {
            Deadline deadline = Deadline.in(patience);
            for (ChainSwitch each : switches) {
                deadline.lockFirst(each.before.shared());
                held.add(each);
            }
            for (ChainSwitch each : switches) {
                each.close();
            }
            for (ChainSwitch each : switches) {
                each.open();
            }
        } finally {
            for (ChainSwitch each : held) {
                each.before.leave();
            }
        }
        for (ChainSwitch each : switches) {
            each.disk.paused(each.pauseNanos);
        }
    }

    private void close() {
        closedAt = PauseClock.nanos();
        after.close();
        disk.goOn(after);
    }

    private void open() {
        after.leaveAlone();
        pauseNanos = PauseClock.nanos() - closedAt;
    }

    /** Returns how long requests of the disk were held back. */
    public long pauseNanos() {
        return pauseNanos;
    }

    /**
     * Waits until all requests have ended that began before the switch, but flushes. Can be repeated.
     *
     * @throws DiskBusyException if they did not in time
     */
    public void awaitRequestsBefore(Duration patience) throws DiskBusyException {
        after.awaitBefore(Deadline.in(patience));
    }

    /**
     * As {@link #awaitRequestsBefore}, and for the flushes that began before: nobody uses the chain before any more, in any way.
     * Flushes that begin meanwhile wait for those, as they do anyway.
     *
     * @throws DiskBusyException if they did not end in time
     */
    public void awaitAllBefore(Duration patience) throws DiskBusyException {
        Deadline deadline = Deadline.in(patience);
        after.awaitBefore(deadline);
        disk.awaitFlushes(deadline);
    }
}
