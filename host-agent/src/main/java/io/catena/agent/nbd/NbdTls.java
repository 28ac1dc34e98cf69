package io.catena.agent.nbd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
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
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    /** In RFC 5280's list of general names. */
    private static final int DNS_NAME = 2;

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
            keys.init(identity(certificate, key), new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(clientAuthorities == null ? emptyStore() : authorities(clientAuthorities));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            Set<String> names = new HashSet<>();
            clientNames.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
            return new NbdTls(context, clientAuthorities != null, names);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
        }
    }

    private static KeyStore identity(Path certificate, Path key) throws IOException, GeneralSecurityException {
        KeyStore store = emptyStore();
        store.setKeyEntry(
                "server",
                privateKey(key),
                new char[0],
                certificates(certificate).toArray(Certificate[]::new));
        return store;
    }

    private static KeyStore authorities(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = emptyStore();
        for (Certificate authority : certificates(file)) {
            store.setCertificateEntry("authority-" + store.size(), authority);
        }
        return store;
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static List<Certificate> certificates(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            List<Certificate> found =
                    List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
            if (found.isEmpty()) {
                throw new IOException(file + " holds no certificate; expected PEM");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " holds no certificates in PEM: " + e.getMessage(), e);
        }
    }

    private static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
        Matcher matcher = PRIVATE_KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!matcher.find()) {
            throw new IOException(
                    file + " holds no \"BEGIN PRIVATE KEY\"; convert it: openssl pkcs8 -topk8 -nocrypt -in " + file);
        }
        byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
        for (String algorithm : KEY_ALGORITHMS) {
            PrivateKey key = privateKey(algorithm, new PKCS8EncodedKeySpec(encoded));
            if (key != null) {
                return key;
            }
        }
        throw new IOException(file + " holds a private key of an unknown kind, expected one of " + KEY_ALGORITHMS);
    }

    /** Returns null if it is a key of another kind. */
    private static @Nullable PrivateKey privateKey(String algorithm, PKCS8EncodedKeySpec encoded)
            throws GeneralSecurityException {
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
        } catch (InvalidKeySpecException e) {
            return null;
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
        Set<String> names = new HashSet<>();
        try {
            X509Certificate client = (X509Certificate) session.getPeerCertificates()[0];
            new LdapName(client.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
                            .forEach(rdn -> names.add(rdn.getValue().toString().toLowerCase(Locale.ROOT)));
            Collection<List<?>> alternatives = client.getSubjectAlternativeNames();
            for (List<?> name : alternatives == null ? new ArrayList<List<?>>() : alternatives) {
                if (name.get(0).equals(DNS_NAME)) {
                    names.add(name.get(1).toString().toLowerCase(Locale.ROOT));
                }
            }
            return names;
        } catch (SSLPeerUnverifiedException | CertificateParsingException | InvalidNameException e) {
            throw new IOException("client's certificate does not say who it is: " + e.getMessage(), e);
        }
    }
}
