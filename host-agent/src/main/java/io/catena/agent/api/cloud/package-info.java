/** What cloud controllers ask beyond what the command line needs. */
@NullMarked
package io.catena.agent.api.cloud;

import org.jspecify.annotations.NullMarked;
