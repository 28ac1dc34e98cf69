package io.catena.agent.tls;

import java.io.ByteArrayInputStream;
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
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads certificates and private keys in PEM (RFC 7468). */
public final class PemFiles {
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private PemFiles() {}

    /**
     * Returns a store with one entry, without a password.
     *
     * @param certificate of the server, and behind it those that lead to its authority
     * @param key the certificate's private key, in PKCS #8, not encrypted
     * @throws IOException if a file cannot be read or does not hold what it should; the message says which
     */
    public static KeyStore identity(Path certificate, Path key) throws IOException, GeneralSecurityException {
        KeyStore store = emptyStore();
        store.setKeyEntry(
                "server",
                privateKey(key),
                new char[0],
                certificates(certificate).toArray(Certificate[]::new));
        return store;
    }

    /** Returns a store of all certificates that a file holds, to be trusted. */
    public static KeyStore authorities(Path file) throws IOException, GeneralSecurityException {
        return trusting(certificates(file));
    }

    /** Returns a store of all certificates that a text holds, to be trusted. */
    public static KeyStore authorities(String pem) throws IOException, GeneralSecurityException {
        return trusting(certificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)), "the text"));
    }

    private static KeyStore trusting(List<Certificate> authorities) throws IOException, GeneralSecurityException {
        KeyStore store = emptyStore();
        for (Certificate authority : authorities) {
            store.setCertificateEntry("authority-" + store.size(), authority);
        }
        return store;
    }

    /** Returns a store of nothing: nobody is trusted. */
    public static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /** Returns the first certificate of a file, which is its owner's. */
    public static X509Certificate ownCertificate(Path file) throws IOException, GeneralSecurityException {
        if (certificates(file).get(0) instanceof X509Certificate own) {
            return own;
        }
        throw new IOException(file + " holds no certificate of X.509");
    }

    private static List<Certificate> certificates(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return certificates(in, file.toString());
        }
    }

    private static List<Certificate> certificates(InputStream in, String source) throws IOException {
        try {
            List<Certificate> found =
                    List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
            if (found.isEmpty()) {
                throw new IOException(source + " holds no certificate; expected PEM");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException(source + " holds no certificates in PEM: " + e.getMessage(), e);
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
}
