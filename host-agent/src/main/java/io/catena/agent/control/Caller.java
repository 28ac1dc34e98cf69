package io.catena.agent.control;

import io.catena.api.SrId;
import java.util.Set;

/**
 * Who asks. Made per connector, by what that can tell of its peer: the credentials of a Unix socket, a certificate, a token.
 *
 * @param name for the audit log: "uid root", "cert backup-host", "token 3f9a17c2"
 * @param via the way it came: "unix", "tls 10.0.0.7"
 * @param srs the only SRs that there are for this caller; all of them if it is empty
 */
public record Caller(String name, Role role, String via, Set<SrId> srs) {
    static final String UNIX = "unix";

    public Caller {
        srs = Set.copyOf(srs);
    }

    /** A caller for whom there are all SRs. */
    public Caller(String name, Role role, String via) {
        this(name, role, via, Set.of());
    }

    /** Whether it came by a Unix socket, as root or the agent's user does. */
    public boolean isLocal() {
        return via.equals(UNIX);
    }
}
