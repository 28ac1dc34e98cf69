/** What can be asked of the control API and, but for plugins, over the network: each group of routes a class. */
@NullMarked
package io.catena.agent.control.route;

import org.jspecify.annotations.NullMarked;
