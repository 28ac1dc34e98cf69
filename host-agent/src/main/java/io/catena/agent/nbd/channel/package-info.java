/** Ways to a client: TLS, and answers that do not wait for ever for one who does not read. */
@NullMarked
package io.catena.agent.nbd.channel;

import org.jspecify.annotations.NullMarked;
