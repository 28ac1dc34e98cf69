/**
 * The face towards XAPI of every XenServer and XCP-ng: a SMAPIv1 driver. XAPI runs it with one call in its argument, and the driver
 * itself writes into XAPI's database what it did. Sees of all storage only {@link io.catena.api.StorageHost}.
 */
@NullMarked
package io.catena.agent.smapiv1;

import org.jspecify.annotations.NullMarked;
