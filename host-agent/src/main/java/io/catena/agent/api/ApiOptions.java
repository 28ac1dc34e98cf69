package io.catena.agent.api;

import io.catena.agent.control.Role;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the API is served over the network.
 *
 * @param address where to listen
 * @param certificate of the server in PEM, and behind it those that lead to its authority
 * @param key the certificate's private key in PEM
 * @param authorities who signs the certificates of clients; null if clients show none
 * @param clients the roles of those who have such a certificate, by a name in it, in lower case
 */
public record ApiOptions(
        InetSocketAddress address,
        Path certificate,
        Path key,
        @Nullable Path authorities,
        Map<String, Role> clients) {
    public ApiOptions {
        clients = Map.copyOf(clients);
        if (authorities == null && !clients.isEmpty()) {
            throw new IllegalArgumentException("names of clients can only be checked if their authority is given");
        }
    }
}
