/** Records of leases in etcd, over its JSON gateway: for hosts that have a cluster of it already. */
@NullMarked
package io.catena.agent.etcd;

import org.jspecify.annotations.NullMarked;
