package io.catena.harness.cluster;

import io.catena.store.Storage;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the hosts of a cluster did to one disk and to the names beside it, and the first thing that must not have been. All is
 * told at the very moment at which it happens.
 */
final class ClusterHistory {
    private final VirtualTime time;
    private final SharedServer server;
    private final String disk;

    /** The newest epochs whose owners have opened the disk, and changed names. */
    private long diskEpoch;

    private long namesEpoch;

    /** The newest value of each sector whose write and flush were answered. */
    private final Map<Integer, Long> answered = new HashMap<>();

    /** Until when former owners may answer; then nothing that they answer counts. */
    private long lenientUntilMillis;

    private @Nullable String violation;
    private int takeovers;
    private int answers;
    private long lastValue;

    ClusterHistory(VirtualTime time, SharedServer server, String disk) {
        this.time = time;
        this.server = server;
        this.disk = disk;
    }

    /** Returns a value that was never written. */
    long newValue() {
        return ++lastValue;
    }

    /** Former owners may answer for a while: they cannot know that they are. */
    void lenientFor(long millis) {
        lenientUntilMillis = time.nowMillis() + millis;
    }

    private boolean isTooLate(long epoch, String what) {
        if (epoch < diskEpoch && time.nowMillis() > lenientUntilMillis) {
            fail("a " + what + " of epoch " + epoch + " is answered in epoch " + diskEpoch);
        }
        return epoch < diskEpoch;
    }

    /** A host serves the disk from now on, and has read it. */
    void opened(long epoch, Map<Integer, Long> values) {
        if (epoch < diskEpoch) {
            return;
        }
        diskEpoch = epoch;
        takeovers++;
        values.forEach((sector, value) -> {
            if (value < answered.getOrDefault(sector, 0L)) {
                fail("the owner of epoch " + epoch + " reads " + value + " in sector " + sector + ", but "
                        + answered.get(sector) + " was answered");
            }
        });
    }

    /** A host has read what was never written there. */
    void foreign(long epoch, int sector, long value) {
        fail("the owner of epoch " + epoch + " reads in sector " + sector + " the foreign value " + value);
    }

    /** A write and its flush are answered. */
    void wrote(long epoch, int sector, long value) {
        answers++;
        if (!isTooLate(epoch, "write")) {
            answered.merge(sector, value, Math::max);
        }
    }

    /** A read is answered. */
    void read(long epoch, int sector, long value) {
        answers++;
        if (!isTooLate(epoch, "read") && value < answered.getOrDefault(sector, 0L)) {
            fail("a read answers " + value + " for sector " + sector + ", after " + answered.get(sector));
        }
    }

    /** Names are changed under this epoch from now on. */
    void names(long epoch) {
        namesEpoch = Math.max(namesEpoch, epoch);
    }

    /** The server writes to a file. */
    void written(long epoch, String identity) {
        try {
            if (epoch < diskEpoch && identity.equals(server.identity(disk))) {
                fail("a late write of epoch " + epoch + " changes the disk of epoch " + diskEpoch);
            }
        } catch (IOException e) {
            fail("the disk has no name any more: " + e.getMessage());
        }
    }

    /** The server changes a name. */
    void renamed(long epoch, String name) {
        if (epoch < namesEpoch && !name.startsWith(Storage.EPOCHS) && !name.startsWith(".catena/lease")) {
            fail("a late change of epoch " + epoch + " makes or takes the name " + name + " in epoch " + namesEpoch);
        }
    }

    void fail(String what) {
        if (violation == null) {
            violation = "after " + time.nowMillis() + " ms: " + what;
        }
    }

    /** Returns what must not have been; null if nothing. */
    @Nullable
    String violation() {
        return violation;
    }

    int takeovers() {
        return takeovers;
    }

    int answers() {
        return answers;
    }
}
