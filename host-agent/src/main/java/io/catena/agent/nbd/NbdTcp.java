package io.catena.agent.nbd;

import io.catena.agent.nbd.channel.NbdTls;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * How exports are served over TCP.
 *
 * @param address where to listen
 * @param tls what clients have to start before all else; null for no encryption
 * @param plainAllowed whether clients may do without encryption: whoever reaches the address has all disks then
 * @param rights of clients that have to show a certificate; others cannot be told apart, and have all disks
 */
public record NbdTcp(InetSocketAddress address, @Nullable NbdTls tls, boolean plainAllowed, ClientRights rights) {
    public NbdTcp {
        if (tls == null && !plainAllowed) {
            throw new IllegalArgumentException("NBD over TCP needs a certificate, or to be allowed without encryption");
        }
    }

    /** Every client has all disks. */
    public NbdTcp(InetSocketAddress address, @Nullable NbdTls tls, boolean plainAllowed) {
        this(address, tls, plainAllowed, ClientRights.EVERYTHING);
    }

    /** Returns this with what {@code more} allows besides. */
    public NbdTcp alsoAllowing(ClientRights more) {
        return new NbdTcp(address, tls, plainAllowed, rights.or(more));
    }

    /** Whether clients are told apart. */
    boolean knowsClients() {
        return tls != null && tls.verifiesClients();
    }
}
