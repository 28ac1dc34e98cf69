/** The guests of this host's hypervisor, as far as their disks are concerned; knows neither libvirt nor VHDs. */
@NullMarked
package io.catena.agent.guest;

import org.jspecify.annotations.NullMarked;
