package io.catena.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A host that reaches an SR which several hosts share.
 *
 * @param host a UUID, new with each start of the host
 * @param state {@code alive}, {@code silent}, or {@code fenced}: ended by force, as somebody said
 * @param self whether it is the one that was asked
 * @param holds whether it has the SR
 * @param since when it took the SR or, if it does not have it, since when it reaches it; in ISO 8601, null if unknown
 * @param disks what it has attached through the host that has the SR; none if it has the SR itself
 */
public record PeerHost(
        String host,
        String name,
        String state,
        boolean self,
        boolean holds,
        @Nullable String since,
        List<VdiId> disks) {
    public PeerHost {
        disks = List.copyOf(disks);
    }
}
