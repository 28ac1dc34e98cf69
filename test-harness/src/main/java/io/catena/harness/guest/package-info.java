/** Real guests for tests: a small Debian under qemu's emulation, and a libvirtd of the test's own. */
@NullMarked
package io.catena.harness.guest;

import org.jspecify.annotations.NullMarked;
