/** Tests of the offline tools. */
@NullMarked
package io.catena.harness.tool;

import org.jspecify.annotations.NullMarked;
