/** The host agent: the one daemon of a host that owns its storage repositories. */
@NullMarked
package io.catena.agent;

import org.jspecify.annotations.NullMarked;
