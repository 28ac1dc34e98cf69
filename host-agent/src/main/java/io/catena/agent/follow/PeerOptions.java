package io.catena.agent.follow;

import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * How this agent and those of other hosts reach each other.
 *
 * @param url where others reach the API of this one
 * @param certificate of this host in PEM, by which it is known to others
 * @param key the certificate's private key in PEM
 * @param authorities who signs the certificates of the others
 */
public record PeerOptions(String url, Path certificate, Path key, Path authorities) {
    /** Reads the files. */
    SSLContext tls() throws IOException {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(PemFiles.identity(certificate, key), new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(PemFiles.authorities(authorities));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }
}
