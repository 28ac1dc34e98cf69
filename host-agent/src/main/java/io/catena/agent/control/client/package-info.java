/** The client of the control API, over its Unix socket. */
@NullMarked
package io.catena.agent.control.client;

import org.jspecify.annotations.NullMarked;
