package io.catena.agent.nbd;

import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.buffer.BufferShare;
import io.catena.agent.nbd.wire.NbdProtocol;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * A server's buffers, of which all clients of an export together may have a quarter, and each client as much as the largest
 * request needs.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class ClientBuffers {
    private static final int EXPORTS_FRACTION = 4;

    private final AlignedBuffers pool;
    private final long exportBytes;
    private final Map<ConnectionSet, BufferShare> shares = new ConcurrentHashMap<>();

    ClientBuffers(long limitBytes, Duration patience, Consumer<ByteBuffer> memoryRelease) {
        this.pool = new AlignedBuffers(limitBytes, patience, memoryRelease);
        this.exportBytes = limitBytes / EXPORTS_FRACTION;
    }

    /** For what is needed before an export was chosen. */
    BufferShare beforeChoice() {
        return pool.everything();
    }

    /** Returns what a new client of an export may have. */
    BufferShare forClientOf(NbdExport export) {
        ConnectionSet clients = export.clients();
        BufferShare whole = shares.get(clients);
        if (whole == null) {
            BufferShare fresh = pool.everything().part(exportBytes);
            BufferShare earlier = shares.putIfAbsent(clients, fresh);
            whole = earlier == null ? fresh : earlier;
            clients.whenClosed(() -> shares.remove(clients));
        }
        return whole.part(NbdProtocol.MAXIMUM_PAYLOAD_BYTES);
    }

    /** As {@link AlignedBuffers#releaseUnused}. */
    void releaseUnused() {
        pool.releaseUnused();
    }

    long leasedBytes() {
        return pool.leasedBytes();
    }
}
