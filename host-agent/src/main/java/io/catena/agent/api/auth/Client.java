package io.catena.agent.api.auth;

import io.catena.agent.control.Role;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What somebody may do who shows a certificate: over the API by a role, over NBD to disks. Besides, everybody may reach the disks
 * that are attached for a holder of its name.
 *
 * @param client a name in the certificate, in lower case
 * @param role over the API; null for none
 * @param srs the only SRs that there are for it over the API, all of them if it is empty; over NBD it may reach their disks
 * @param vdis disks that it may reach over NBD
 * @param labels keys and values of disks that it may reach over NBD: those that have all of these
 * @param everything whether it may reach all disks over NBD
 * @param readOnly whether it may only read over NBD what it may reach by this
 */
public record Client(
        String client,
        @Nullable Role role,
        List<SrId> srs,
        List<VdiId> vdis,
        Map<String, String> labels,
        boolean everything,
        boolean readOnly) {
    public Client {
        srs = List.copyOf(srs);
        vdis = List.copyOf(vdis);
        labels = new TreeMap<>(labels);
    }
}
