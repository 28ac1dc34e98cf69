/** The hypervisor as libvirt shows it. Nothing outside of this package knows of libvirt's types. */
@NullMarked
package io.catena.agent.libvirt;

import org.jspecify.annotations.NullMarked;
