/** Certificates and keys out of PEM files, for all that is served over TLS. */
@NullMarked
package io.catena.agent.tls;

import org.jspecify.annotations.NullMarked;
