/** The control API: HTTP and JSON over a Unix socket, server and client. */
@NullMarked
package io.catena.agent.control;

import org.jspecify.annotations.NullMarked;
