/** Who may come in over the network, and what is written down of what they do. */
@NullMarked
package io.catena.agent.api.auth;

import org.jspecify.annotations.NullMarked;
