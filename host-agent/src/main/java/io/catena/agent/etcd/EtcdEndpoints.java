package io.catena.agent.etcd;

import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where the members of an etcd cluster are, and how to reach them.
 *
 * @param urls such as {@code https://10.0.0.1:2379}
 * @param tls null if the system's authorities, and no certificate of ours, are to be used
 * @param patience how long one member is waited for
 */
public record EtcdEndpoints(List<URI> urls, @Nullable SSLContext tls, Duration patience) {
    private static final Duration PATIENCE = Duration.ofMillis(1_500);

    public EtcdEndpoints {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("no member of the etcd cluster is named");
        }
        urls = List.copyOf(urls);
    }

    /**
     * Reads a list of URLs with commas between them.
     *
     * @throws IllegalArgumentException if one of them is no URL of http or https
     */
    public static EtcdEndpoints parse(String text, @Nullable SSLContext tls) {
        List<URI> urls = new ArrayList<>();
        for (String url : text.split(",", -1)) {
            URI uri = URI.create(url.strip());
            boolean isWeb = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!isWeb || uri.getHost() == null) {
                throw new IllegalArgumentException(
                        "\"" + url + "\" is no address of an etcd member; give for instance https://10.0.0.1:2379");
            }
            urls.add(URI.create(uri.getScheme() + "://" + uri.getRawAuthority()));
        }
        return new EtcdEndpoints(urls, tls, PATIENCE);
    }

    /**
     * Makes what a client needs for members that want certificates, out of PEM files.
     *
     * @param authorities who signs the members' certificates
     * @throws IOException if a file cannot be read or does not hold what it should; the message says which
     */
    public static SSLContext tls(Path authorities, Path certificate, Path key) throws IOException {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(PemFiles.identity(certificate, key), new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(PemFiles.authorities(authorities));
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }
}
