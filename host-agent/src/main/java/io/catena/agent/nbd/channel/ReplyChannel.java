package io.catena.agent.nbd.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The way to a client, which takes one message after the other, each of them whole.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class ReplyChannel {
    private final WritableByteChannel target;
    private final ReentrantLock lock = new ReentrantLock();
    private final StallClock stall = new StallClock();

    public ReplyChannel(WritableByteChannel target) {
        this.target = target;
    }

    /** How long the client has not taken what is sent to it. */
    public StallClock stall() {
        return stall;
    }

    /** Sends all of {@code message}; waits for a client that does not read, until its connection is cut. */
    public void send(ByteBuffer message) throws IOException {
        lock.lock();
        stall.begin();
        try {
            while (message.hasRemaining()) {
                target.write(message);
            }
        } finally {
            stall.end();
            lock.unlock();
        }
    }
}
