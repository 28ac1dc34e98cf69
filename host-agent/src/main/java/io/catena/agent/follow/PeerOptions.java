package io.catena.agent.follow;

import io.catena.agent.tls.CertificateNames;
import io.catena.agent.tls.ClientTls;
import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

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
        return tls(null);
    }

    /**
     * Reads the files.
     *
     * @param others who is trusted in place of {@link #authorities}; null for these
     */
    public SSLContext tls(@Nullable KeyStore others) throws IOException {
        try {
            return ClientTls.context(
                    PemFiles.identity(certificate, key), others == null ? PemFiles.authorities(authorities) : others);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }

    /** Returns what others know this host by: the names in its certificate, of which there is at least one. */
    public Set<String> names() throws IOException {
        try {
            Set<String> names = CertificateNames.of(PemFiles.ownCertificate(certificate));
            if (names.isEmpty()) {
                throw new IOException(certificate + " does not say whose it is");
            }
            return names;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot read " + certificate + ": " + e.getMessage(), e);
        }
    }
}
