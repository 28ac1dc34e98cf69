/**
 * What stands on the wire of the network block device protocol, before any disk is known: commands, errors, options. All
 * numbers are big-endian. Source: <a href="https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md">proto.md</a>.
 */
@NullMarked
package io.catena.agent.nbd.wire;

import org.jspecify.annotations.NullMarked;
