package io.catena.agent.api.auth;

import io.catena.agent.nbd.ClientRights;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The rights of NBD clients to disks: to those that are attached for a holder of the client's name, and to those that {@link
 * Clients} says.
 *
 * <p><b>Threads.</b> Safe for use by many threads, which wait for no work of an SR.
 */
public final class ExportRights implements ClientRights {
    private static final Logger LOG = Logger.getLogger(ExportRights.class.getName());

    private final StorageHost host;
    private final Clients clients;

    public ExportRights(StorageHost host, Clients clients) {
        this.host = host;
        this.clients = clients;
    }

    @Override
    public Map<VdiId, AccessMode> among(Set<String> names, Collection<VdiId> vdis) {
        Map<VdiId, AccessMode> rights = new HashMap<>();
        List<Client> granted = clients.of(names);
        for (Client client : granted) {
            (client.everything() ? vdis : client.vdis()).forEach(vdi -> allow(vdi, mode(client), rights));
        }
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                look(sr, names, granted, rights);
            }
        }
        rights.keySet().retainAll(Set.copyOf(vdis));
        return rights;
    }

    /** An SR that cannot be asked gives no rights, and takes none of those to disks of others. */
    private void look(Sr sr, Set<String> names, List<Client> granted, Map<VdiId, AccessMode> rights) {
        try {
            StorageRepository repository = host.repository(sr.id());
            for (Hold hold : repository.holds()) {
                if (names.contains(hold.holder().toLowerCase(Locale.ROOT))) {
                    allow(hold.vdi(), hold.mode(), rights);
                }
            }
            if (granted.stream()
                    .anyMatch(client ->
                            client.srs().contains(sr.id()) || !client.labels().isEmpty())) {
                for (Vdi vdi : repository.vdis()) {
                    granted.stream()
                            .filter(client -> covers(client, vdi))
                            .forEach(client -> allow(vdi.vdi(), mode(client), rights));
                }
            }
        } catch (SrException e) {
            LOG.log(Level.FINE, e, () -> LogLine.of("nbd-rights-of-sr-unknown", "sr", sr.id()));
        }
    }

    private static boolean covers(Client client, Vdi vdi) {
        boolean labelled = !client.labels().isEmpty()
                && vdi.keys().entrySet().containsAll(client.labels().entrySet());
        return client.srs().contains(vdi.sr()) || labelled;
    }

    private static AccessMode mode(Client client) {
        return client.readOnly() ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
    }

    private static void allow(VdiId vdi, AccessMode mode, Map<VdiId, AccessMode> rights) {
        rights.merge(vdi, mode, ClientRights::more);
    }
}
