/** The face to cloud controllers and people: the control API over TLS, with who may do what, and a web page. */
@NullMarked
package io.catena.agent.api;

import org.jspecify.annotations.NullMarked;
