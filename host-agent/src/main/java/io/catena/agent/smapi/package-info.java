/**
 * The face towards XAPI: a SMAPIv3 volume plugin and a datapath plugin, as {@code xapi-storage-script} of XenServer and
 * XCP-ng calls them. Sees of all storage only {@link io.catena.api.StorageHost}.
 */
@NullMarked
package io.catena.agent.smapi;

import org.jspecify.annotations.NullMarked;
