package io.catena.agent.nbd;

import io.catena.agent.nbd.context.Changes;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The exports that a client has a right to, which is asked for each time. Of the others it is not told whether they exist.
 *
 * @param client the names in the client's certificate
 */
record AllowedChoice(Choice all, ClientRights rights, Set<String> client) implements Choice {
    AllowedChoice {
        client = Set.copyOf(client);
    }

    @Override
    public @Nullable NbdExport find(String name) {
        NbdExport export = all.find(name);
        return export == null
                ? null
                : rights.to(client, export.vdi()).map(export::as).orElse(null);
    }

    @Override
    public Refusal absence(String name) {
        Optional<AccessMode> right = Uuids.isUuid(name) ? rights.to(client, VdiId.parse(name)) : Optional.empty();
        return right.isPresent()
                ? all.absence(name)
                : new Refusal(
                        NbdProtocol.REP_ERR_POLICY,
                        "the client whose certificate is for " + client + " has no right to an export of this name");
    }

    @Override
    public List<String> names() {
        List<String> served = all.names();
        Map<VdiId, AccessMode> mine =
                rights.among(client, served.stream().map(VdiId::parse).toList());
        return served.stream()
                .filter(name -> mine.containsKey(VdiId.parse(name)))
                .toList();
    }

    /** Who has no right to a snapshot is not told what changed since. */
    @Override
    public Changes changes() {
        return all.changes().among(base -> rights.to(client, base).isPresent());
    }
}
