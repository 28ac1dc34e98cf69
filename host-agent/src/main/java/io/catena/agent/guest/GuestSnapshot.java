package io.catena.agent.guest;

import com.google.gson.annotations.SerializedName;
import io.catena.api.SnapshotResult;
import java.util.List;
import java.util.UUID;

/**
 * Snapshots of all disks of a guest, taken at one instant.
 *
 * @param reason why it is consistent to this degree
 * @param pauseMillis how long the guest's writes were held back, rounded up
 * @param frozenFilesystems how many file systems the guest held still meanwhile
 */
public record GuestSnapshot(
        String name,
        UUID guest,
        Consistency consistency,
        String reason,
        long pauseMillis,
        int frozenFilesystems,
        List<SnapshotResult> snapshots) {
    public GuestSnapshot {
        snapshots = List.copyOf(snapshots);
    }

    /** What a snapshot holds. */
    public enum Consistency {
        /** File systems as after an orderly unmount. */
        @SerializedName("filesystem")
        FILESYSTEM,

        /** What a power cut would have left. */
        @SerializedName("crash")
        CRASH
    }

    /** Whether a guest is to hold its file systems still. */
    public enum Freeze {
        NEVER,
        /** If it cannot, the snapshot is taken all the same. */
        TRY,
        /** If it cannot, no snapshot is taken. */
        REQUIRE
    }
}
