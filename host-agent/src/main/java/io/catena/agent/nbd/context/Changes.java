package io.catena.agent.nbd.context;

import io.catena.api.DiskRange;
import io.catena.api.VdiId;
import java.util.List;
import java.util.function.Predicate;

/** Tells what changed in disks since snapshots. Safe for use by many threads. */
public interface Changes {
    /** Knows of none. */
    Changes NONE = new Changes() {
        @Override
        public List<VdiId> bases(VdiId disk) {
            return List.of();
        }

        @Override
        public List<DiskRange> since(VdiId base, VdiId disk) {
            throw new IllegalArgumentException("no changes since " + base + " are known");
        }
    };

    /** Returns the snapshots since which a client may want to know the changes; there may be others. */
    List<VdiId> bases(VdiId disk);

    /**
     * Returns the parts of a disk that may differ from a snapshot.
     *
     * @throws RuntimeException if that is not known, or may not stay true while the disk is exported
     */
    List<DiskRange> since(VdiId base, VdiId disk);

    /** Returns this for somebody who is to know of some snapshots only. */
    default Changes among(Predicate<VdiId> mayKnow) {
        Changes all = this;
        return new Changes() {
            @Override
            public List<VdiId> bases(VdiId disk) {
                return all.bases(disk).stream().filter(mayKnow).toList();
            }

            @Override
            public List<DiskRange> since(VdiId base, VdiId disk) {
                return mayKnow.test(base) ? all.since(base, disk) : NONE.since(base, disk);
            }
        };
    }
}
