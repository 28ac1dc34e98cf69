/** Who is connected to the API, and who has to go when too many are. */
@NullMarked
package io.catena.agent.api.door;

import org.jspecify.annotations.NullMarked;
