/** XAPI's own interface, as far as a storage driver writes into its database. */
@NullMarked
package io.catena.agent.smapiv1.xenapi;

import org.jspecify.annotations.NullMarked;
