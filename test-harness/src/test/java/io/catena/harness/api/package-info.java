/** The face to cloud controllers and people, as they see it: over TLS. */
@NullMarked
package io.catena.harness.api;

import org.jspecify.annotations.NullMarked;
