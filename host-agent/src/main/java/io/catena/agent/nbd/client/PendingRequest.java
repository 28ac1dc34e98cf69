package io.catena.agent.nbd.client;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A request that waits for its answer. One thread answers, another waits. */
final class PendingRequest {
    private final String text;
    private final byte[] data;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable IOException failure;

    PendingRequest(String text) {
        this(text, 0);
    }

    /**
     * @param text for messages
     * @param dataBytes how much follows an answer that is no error
     */
    PendingRequest(String text, int dataBytes) {
        this.text = text;
        data = new byte[dataBytes];
    }

    byte[] data() {
        return data;
    }

    void answered(int error, DataInputStream in) throws IOException {
        if (error == 0) {
            in.readFully(data);
        } else {
            failure = new NbdErrorException(text, error);
        }
        ended.countDown();
    }

    void failed(IOException reason) {
        failure = new IOException("no answer to " + text + ": " + reason.getMessage(), reason);
        ended.countDown();
    }

    void await() throws IOException {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for an answer to " + text);
        }
        IOException reason = failure;
        if (reason != null) {
            throw reason;
        }
    }
}
