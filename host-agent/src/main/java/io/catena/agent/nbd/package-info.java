/**
 * Serves disks by the network block device protocol, as the document <a
 * href="https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md">proto.md</a> describes it: fixed newstyle
 * handshake, simple and structured replies, over a Unix socket or TCP with TLS. All numbers on the wire are big-endian.
 * Offsets and lengths are in bytes.
 *
 * <p>A connection has a thread of its own, which does all its work but reads that wait for a disk and
 * copies of large writes: {@link
 * io.catena.agent.nbd.NbdServer} accepts it, {@link io.catena.agent.nbd.Handshake} agrees on an export, {@link
 * io.catena.agent.nbd.Transmission} serves requests.
 */
@NullMarked
package io.catena.agent.nbd;

import org.jspecify.annotations.NullMarked;
