package io.catena.agent.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** How this agent meets others that it connects to: TLS 1.3. */
public final class ClientTls {
    private ClientTls() {}

    /**
     * Returns what connections are made with.
     *
     * @param identity its certificate and key, without a password; null to show none
     * @param authorities who is trusted; null for those that the JDK trusts
     */
    public static SSLContext context(@Nullable KeyStore identity, @Nullable KeyStore authorities)
            throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys(identity), trust(authorities), null);
        return context;
    }

    private static KeyManager @Nullable [] keys(@Nullable KeyStore identity) throws GeneralSecurityException {
        if (identity == null) {
            return null;
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, new char[0]);
        return keys.getKeyManagers();
    }

    private static TrustManager[] trust(@Nullable KeyStore authorities) throws GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authorities);
        return trust.getTrustManagers();
    }
}
