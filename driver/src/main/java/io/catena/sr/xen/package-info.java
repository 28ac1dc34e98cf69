/** What XenServer's storage manager leaves behind, and how it is finished or undone by its own rules. */
@NullMarked
package io.catena.sr.xen;

import org.jspecify.annotations.NullMarked;
