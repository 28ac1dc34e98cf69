package io.catena.agent.nbd.client;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** A socket whose reads and writes wait for the other side, but not forever. For one thread. */
final class PatientChannel implements ByteChannel {
    private final SocketChannel socket;
    private final Selector selector;
    private final SelectionKey key;
    private final Duration patience;

    /**
     * @param socket owned by this from now on
     * @param patience how long a read or a write may wait
     */
    PatientChannel(SocketChannel socket, Duration patience) throws IOException {
        this.socket = socket;
        this.patience = patience;
        socket.configureBlocking(false);
        selector = Selector.open();
        key = socket.register(selector, 0);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int count = socket.read(target);
        while (count == 0 && target.hasRemaining()) {
            await(SelectionKey.OP_READ);
            count = socket.read(target);
        }
        return count;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = socket.write(source);
        while (count == 0 && source.hasRemaining()) {
            await(SelectionKey.OP_WRITE);
            count = socket.write(source);
        }
        return count;
    }

    private void await(int readiness) throws IOException {
        key.interestOps(readiness);
        if (selector.select(patience.toMillis()) == 0) {
            throw new SocketTimeoutException("the server did not react within " + patience.toMillis() + " ms");
        }
        selector.selectedKeys().clear();
    }

    /** Ends the patience: the socket is its owner's again, and its reads and writes wait for ever. */
    void release() throws IOException {
        selector.close();
        socket.configureBlocking(true);
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        socket.close();
    }
}
