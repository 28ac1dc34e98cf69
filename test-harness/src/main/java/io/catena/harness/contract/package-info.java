/** What every implementation of an interface must do, as tests that a subclass runs against one of them. */
@NullMarked
package io.catena.harness.contract;

import org.jspecify.annotations.NullMarked;
