package io.catena.agent.tls;

import java.io.IOException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;

/** Whom a certificate is for. */
public final class CertificateNames {
    /** In RFC 5280's list of general names. */
    private static final int DNS_NAME = 2;

    private CertificateNames() {}

    /**
     * Returns the common names and DNS names of a certificate, in lower case.
     *
     * @throws IOException if they cannot be read
     */
    public static Set<String> of(X509Certificate certificate) throws IOException {
        Set<String> names = new LinkedHashSet<>();
        try {
            new LdapName(certificate.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
                            .forEach(rdn -> names.add(rdn.getValue().toString().toLowerCase(Locale.ROOT)));
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            for (List<?> name : alternatives == null ? new ArrayList<List<?>>() : alternatives) {
                if (name.get(0).equals(DNS_NAME)) {
                    names.add(name.get(1).toString().toLowerCase(Locale.ROOT));
                }
            }
            return names;
        } catch (CertificateParsingException | InvalidNameException e) {
            throw new IOException("client's certificate does not say who it is: " + e.getMessage(), e);
        }
    }
}
