package io.catena.agent.api;

import io.catena.agent.tls.PemFiles;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 out of PEM files, which are read again when they have changed: a certificate is renewed without a restart. Files that
 * cannot be used are told of, and what was read before stays. For one thread after its start.
 */
final class ReloadedTls {
    private static final Logger LOG = Logger.getLogger(ReloadedTls.class.getName());

    private final ApiOptions options;
    private final SslContextFactory.Server factory = new SslContextFactory.Server();
    private List<FileTime> read;

    ReloadedTls(ApiOptions options) throws IOException {
        this.options = options;
        read = times();
        factory.setIncludeProtocols("TLSv1.3");
        factory.setKeyStorePassword("");
        factory.setWantClientAuth(options.authorities() != null);
        factory.setEndpointIdentificationAlgorithm(null);
        try {
            use(factory);
        } catch (GeneralSecurityException e) {
            throw cannotUse(e);
        }
    }

    SslContextFactory.Server factory() {
        return factory;
    }

    void reload() {
        try {
            List<FileTime> now = times();
            if (now.equals(read)) {
                return;
            }
            read = now;
            KeyStore identity = PemFiles.identity(options.certificate(), options.key());
            KeyStore trusted = trusted();
            factory.reload(changed -> {
                changed.setKeyStore(identity);
                changed.setTrustStore(trusted);
            });
            LOG.info(LogLine.of("api-certificate-reloaded", "file", options.certificate()));
        } catch (Exception e) { // what Jetty's reload is declared to throw
            LOG.log(Level.SEVERE, LogLine.of("api-certificate-not-reloaded", "file", options.certificate()), e);
        }
    }

    private void use(SslContextFactory.Server to) throws IOException, GeneralSecurityException {
        to.setKeyStore(PemFiles.identity(options.certificate(), options.key()));
        to.setTrustStore(trusted());
    }

    private KeyStore trusted() throws IOException, GeneralSecurityException {
        Path authorities = options.authorities();
        return authorities == null ? PemFiles.emptyStore() : PemFiles.authorities(authorities);
    }

    private List<FileTime> times() throws IOException {
        List<FileTime> times = new ArrayList<>();
        times.add(Files.getLastModifiedTime(options.certificate()));
        times.add(Files.getLastModifiedTime(options.key()));
        @Nullable Path authorities = options.authorities();
        if (authorities != null) {
            times.add(Files.getLastModifiedTime(authorities));
        }
        return times;
    }

    private IOException cannotUse(Exception e) {
        return new IOException(
                "cannot use " + options.certificate() + " with " + options.key() + ": " + e.getMessage(), e);
    }
}
