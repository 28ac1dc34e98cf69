package io.catena.agent.nbd;

import java.time.Duration;

/**
 * What a server grants its clients.
 *
 * @param maxConnections how many connections are served at a time over Unix sockets, and as many over TCP
 * @param handshakeDeadline how long a client may take to agree on an export
 * @param stallDeadline how long a client may take to send the rest of a request, or to take in replies; none is needed
 *     between requests
 * @param drainDeadline how long a closing server waits for requests under way
 * @param bufferBytes how much memory all connections together may use for buffers; an idle one uses 68 KiB
 * @param maxReaders how many threads beside those of the connections read what has to be waited for, or copy what is large, for all
 *     connections together
 * @param longestPoll how long a connection may keep a processor busy with waiting for a request of a client that sends one at a time
 *     and is quick; zero for not at all
 */
public record NbdLimits(
        int maxConnections,
        Duration handshakeDeadline,
        Duration stallDeadline,
        Duration drainDeadline,
        long bufferBytes,
        int maxReaders,
        Duration longestPoll) {
    public static final NbdLimits DEFAULT = new NbdLimits(
            1024,
            Duration.ofSeconds(10),
            Duration.ofMinutes(5),
            Duration.ofSeconds(10),
            512L << 20,
            64,
            Duration.ofNanos(100_000));

    public NbdLimits {
        if (maxConnections < 1 || bufferBytes < 1 << 20 || maxReaders < 1) {
            throw new IllegalArgumentException("maxConnections " + maxConnections + ", bufferBytes " + bufferBytes
                    + ", maxReaders " + maxReaders + ": expected at least 1, 1 MiB and 1");
        }
    }

    public NbdLimits withMaxConnections(int connections) {
        return new NbdLimits(
                connections, handshakeDeadline, stallDeadline, drainDeadline, bufferBytes, maxReaders, longestPoll);
    }

    public NbdLimits withHandshakeDeadline(Duration deadline) {
        return new NbdLimits(
                maxConnections, deadline, stallDeadline, drainDeadline, bufferBytes, maxReaders, longestPoll);
    }

    public NbdLimits withStallDeadline(Duration deadline) {
        return new NbdLimits(
                maxConnections, handshakeDeadline, deadline, drainDeadline, bufferBytes, maxReaders, longestPoll);
    }

    public NbdLimits withBufferBytes(long bytes) {
        return new NbdLimits(
                maxConnections, handshakeDeadline, stallDeadline, drainDeadline, bytes, maxReaders, longestPoll);
    }

    public NbdLimits withMaxReaders(int threads) {
        return new NbdLimits(
                maxConnections, handshakeDeadline, stallDeadline, drainDeadline, bufferBytes, threads, longestPoll);
    }

    public NbdLimits withLongestPoll(Duration poll) {
        return new NbdLimits(
                maxConnections, handshakeDeadline, stallDeadline, drainDeadline, bufferBytes, maxReaders, poll);
    }
}
