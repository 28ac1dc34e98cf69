package io.catena.agent.nbd;

import java.time.Duration;

/**
 * What a server grants its clients.
 *
 * @param maxConnections how many connections are served at a time
 * @param handshakeDeadline how long a client may take to agree on an export
 * @param drainDeadline how long a closing server waits for requests under way
 * @param bufferBytes how much memory all connections together may use for buffers; an idle one uses 260 KiB
 */
public record NbdLimits(int maxConnections, Duration handshakeDeadline, Duration drainDeadline, long bufferBytes) {
    public static final NbdLimits DEFAULT =
            new NbdLimits(1024, Duration.ofSeconds(10), Duration.ofSeconds(10), 512L << 20);

    public NbdLimits {
        if (maxConnections < 1 || bufferBytes < 1 << 20) {
            throw new IllegalArgumentException("maxConnections " + maxConnections + ", bufferBytes " + bufferBytes
                    + ": expected at least 1 and 1 MiB");
        }
    }

    public NbdLimits withMaxConnections(int connections) {
        return new NbdLimits(connections, handshakeDeadline, drainDeadline, bufferBytes);
    }

    public NbdLimits withHandshakeDeadline(Duration deadline) {
        return new NbdLimits(maxConnections, deadline, drainDeadline, bufferBytes);
    }
}
