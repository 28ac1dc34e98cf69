package io.catena.agent.control.route;

import io.catena.agent.control.Names.Place;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The name of snapshots that were given none: a second disk of the source's name would make both hard to call. */
final class SnapshotName {
    private SnapshotName() {}

    /** Returns the disk's name, or "snapshot" for several or one without a name, and the time. */
    static String of(List<Place> sources) {
        String disk = sources.size() == 1 ? nameOf(sources.get(0)) : "";
        return at(disk.isEmpty() ? "snapshot" : disk, Instant.now());
    }

    private static String nameOf(Place source) {
        return source.repository().vdi(source.vdi()).name();
    }

    /** Returns for instance "disk 2026-03-01T12:00:00Z". */
    static String at(String what, Instant now) {
        return what + " " + now.truncatedTo(ChronoUnit.SECONDS);
    }
}
