package io.catena.agent.nbd;

import io.catena.agent.tls.CertificateNames;
import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
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
    private final SSLContext context;
    private final boolean verifiesClients;
    private final Set<String> clientNames;

    private NbdTls(SSLContext context, boolean verifiesClients, Set<String> clientNames) {
        this.context = context;
        this.verifiesClients = verifiesClients;
        this.clientNames = Set.copyOf(clientNames);
    }

    /**
     * Reads PEM files.
     *
     * @param certificate of the server, and behind it those that lead to its authority
     * @param key the certificate's private key, in PKCS #8, not encrypted
     * @param clientAuthorities who signs the certificates that clients must have; null if they need none
     * @param clientNames which of these clients may come in: common names or DNS names; all of them if there are none
     * @throws IOException if a file cannot be read or does not hold what it should; the message says which
     */
    public static NbdTls read(
            Path certificate, Path key, @Nullable Path clientAuthorities, Collection<String> clientNames)
            throws IOException {
        if (clientAuthorities == null && !clientNames.isEmpty()) {
            throw new IOException("names of clients can only be checked if their authority is given");
        }
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(PemFiles.identity(certificate, key), new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(clientAuthorities == null ? PemFiles.emptyStore() : PemFiles.authorities(clientAuthorities));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            Set<String> names = new HashSet<>();
            clientNames.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
            return new NbdTls(context, clientAuthorities != null, names);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }

    SSLEngine newEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(verifiesClients);
        return engine;
    }

    /** Checks who the client is, of whom the handshake has shown that its certificate is good. */
    void checkClient(SSLSession session) throws IOException {
        if (clientNames.isEmpty()) {
            return;
        }
        Set<String> names = names(session);
        if (names.stream().noneMatch(clientNames::contains)) {
            throw new NbdProtocolException("client's certificate is for " + names + ", expected one of " + clientNames);
        }
    }

    private static Set<String> names(SSLSession session) throws IOException {
        try {
            return CertificateNames.of((X509Certificate) session.getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException e) {
            throw new IOException("client has shown no certificate: " + e.getMessage(), e);
        }
    }
}
