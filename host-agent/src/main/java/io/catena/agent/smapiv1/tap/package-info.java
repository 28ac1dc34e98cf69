/** The way from a disk to a guest of Xen: a tapdisk in front of the disk's NBD socket, and the link by which it is found. */
@NullMarked
package io.catena.agent.smapiv1.tap;

import org.jspecify.annotations.NullMarked;
