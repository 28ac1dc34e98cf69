package io.catena.agent.copy;

import io.catena.agent.follow.PeerOptions;
import io.catena.agent.tls.ClientTls;
import io.catena.agent.tls.PemFiles;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** How this agent meets those of other hosts that it sends disks to. Safe for use by many threads. */
public final class OtherAgents {
    /** What this agent is called if it has no certificate. */
    private static final String NAMELESS = "mirror";

    private final @Nullable PeerOptions self;

    /**
     * @param self how this agent shows who it is; null if it has nothing to show
     */
    public OtherAgents(@Nullable PeerOptions self) {
        this.self = self;
    }

    OtherAgent of(Target target) {
        return new OtherAgent(OtherAgent.place(target.url()), tls(target), target.token());
    }

    /** Returns what asks an agent; connects to nothing yet. */
    public AgentCalls calls(Target target) {
        return new AgentCalls(of(target));
    }

    /** Returns what this agent is called by its certificate. */
    public String ownName() {
        try {
            return self == null ? NAMELESS : self.names().iterator().next();
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "This agent's certificate cannot be read: " + e.getMessage(), e);
        }
    }

    private SSLContext tls(Target target) {
        try {
            KeyStore authorities = target.authorities() == null ? null : PemFiles.authorities(target.authorities());
            return self == null ? ClientTls.context(null, authorities) : self.tls(authorities);
        } catch (IOException | GeneralSecurityException e) {
            throw new SrException(SrError.BAD_REQUEST, "TLS cannot be begun: " + e.getMessage(), e)
                    .correction("Give the certificates of who signs the other agent's, in PEM.");
        }
    }
}
