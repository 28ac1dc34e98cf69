package io.catena.agent.nbd.channel;

import io.catena.agent.tls.CertificateNames;
import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * The server's identity, and which clients it trusts. TLS 1.3 only.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class NbdTls {
    private volatile Identity identity;

    private NbdTls(Identity identity) {
        this.identity = identity;
    }

    /** What was read. */
    private record Identity(SSLContext context, boolean verifiesClients) {}

    /** Is as another from now on, for clients that come; who is connected stays. */
    public void become(NbdTls other) {
        identity = other.identity;
    }

    /**
     * Reads PEM files.
     *
     * @param certificate of the server, and behind it those that lead to its authority
     * @param key the certificate's private key, in PKCS #8, not encrypted
     * @param clientAuthorities who signs the certificates that clients must have; null if they need none
     * @throws IOException if a file cannot be read or does not hold what it should; the message says which
     */
    public static NbdTls read(Path certificate, Path key, @Nullable Path clientAuthorities) throws IOException {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(PemFiles.identity(certificate, key), new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(clientAuthorities == null ? PemFiles.emptyStore() : PemFiles.authorities(clientAuthorities));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return new NbdTls(new Identity(context, clientAuthorities != null));
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }

    SSLEngine newEngine() {
        Identity now = identity;
        SSLEngine engine = now.context().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(now.verifiesClients());
        return engine;
    }

    /** Whether clients have to show a certificate. */
    public boolean verifiesClients() {
        return identity.verifiesClients();
    }

    /** Returns the names of a client, of which the handshake has shown that its certificate is good. */
    public static Set<String> names(SSLSession session) throws IOException {
        try {
            return CertificateNames.of((X509Certificate) session.getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException e) {
            throw new IOException("client has shown no certificate: " + e.getMessage(), e);
        }
    }
}
