package io.catena.agent.nbd;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * How exports are served over TCP.
 *
 * @param address where to listen
 * @param tls what clients have to start before all else; null for no encryption
 * @param plainAllowed whether clients may do without encryption: whoever reaches the address has all disks then
 */
public record NbdTcp(InetSocketAddress address, @Nullable NbdTls tls, boolean plainAllowed) {
    public NbdTcp {
        if (tls == null && !plainAllowed) {
            throw new IllegalArgumentException("NBD over TCP needs a certificate, or to be allowed without encryption");
        }
    }
}
