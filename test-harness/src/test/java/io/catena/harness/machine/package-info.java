/** Which tests may run at one time: two JVMs take the classes of the harness by turns. */
@NullMarked
package io.catena.harness.machine;

import org.jspecify.annotations.NullMarked;
