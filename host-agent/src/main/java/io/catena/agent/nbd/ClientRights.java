package io.catena.agent.nbd;

import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which disks a client may reach that has shown a certificate.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
@FunctionalInterface
public interface ClientRights {
    /** Stands for the name of any client. */
    String ANYBODY = "*";

    /** Each client may write all disks. */
    ClientRights EVERYTHING = (names, vdis) -> all(vdis);

    /**
     * Returns which of some disks a client may reach, and how at the most.
     *
     * @param names the names in its certificate, in lower case
     */
    Map<VdiId, AccessMode> among(Set<String> names, Collection<VdiId> vdis);

    /** Returns how a client may reach a disk at the most; nothing if it may not. */
    default Optional<AccessMode> to(Set<String> names, VdiId vdi) {
        return Optional.ofNullable(among(names, List.of(vdi)).get(vdi));
    }

    /** Returns the rights of those whom this or {@code other} lets in. */
    default ClientRights or(ClientRights other) {
        return (names, vdis) -> {
            Map<VdiId, AccessMode> both = new HashMap<>(among(names, vdis));
            other.among(names, vdis).forEach((vdi, mode) -> both.merge(vdi, mode, ClientRights::more));
            return both;
        };
    }

    /** Some clients, by a name in their certificate, may write all disks; others have no right to any. */
    static ClientRights everythingFor(Collection<String> clients) {
        Set<String> trusted =
                clients.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
        return (names, vdis) ->
                trusted.contains(ANYBODY) || names.stream().anyMatch(trusted::contains) ? all(vdis) : Map.of();
    }

    /** Returns the one that allows more. */
    static AccessMode more(AccessMode one, AccessMode other) {
        return one == AccessMode.READ_WRITE ? one : other;
    }

    private static Map<VdiId, AccessMode> all(Collection<VdiId> vdis) {
        return vdis.stream().distinct().collect(Collectors.toMap(Function.identity(), vdi -> AccessMode.READ_WRITE));
    }
}
