/** The whole product as users run it: a real agent process, its command line, and clients that are not ours. */
@NullMarked
package io.catena.harness.e2e;

import org.jspecify.annotations.NullMarked;
