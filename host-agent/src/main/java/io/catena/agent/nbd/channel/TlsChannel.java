package io.catena.agent.nbd.channel;

import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.buffer.BufferShare;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * An encrypted connection over a blocking one.
 *
 * <p>A connection that is cut short loses nothing that was answered; one that ends in order says so, for clients that take any
 * other end for an attack.
 *
 * <p><b>Threads.</b> One may read while others write.
 */
public final class TlsChannel implements ByteChannel {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final ByteChannel plain;
    private final SSLEngine engine;
    private final AlignedBuffers.Lease incomingLease;
    private final AlignedBuffers.Lease outgoingLease;

    /** From position to limit: received, still encrypted. */
    private final ByteBuffer incoming;

    /** From position to limit: decrypted, not yet asked for. */
    private final ByteBuffer decrypted;

    private final ReentrantLock writing = new ReentrantLock();

    /** Guarded by {@link #writing}. */
    private final ByteBuffer outgoing;

    private TlsChannel(ByteChannel plain, SSLEngine engine, BufferShare buffers) throws IOException {
        this.plain = plain;
        this.engine = engine;
        this.decrypted = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                .limit(0);
        this.incomingLease = buffers.acquire(AlignedBuffers.SMALLEST_BYTES);
        try {
            this.outgoingLease = buffers.acquire(AlignedBuffers.SMALLEST_BYTES);
        } catch (IOException e) {
            incomingLease.close();
            throw e;
        }
        this.incoming = incomingLease.bytes().limit(0);
        this.outgoing = outgoingLease.bytes();
    }

    /**
     * Agrees on the encryption with a client that begins with its first TLS message.
     *
     * @param plain closed by the caller
     * @throws SSLException if they do not agree, or the client is not trusted
     */
    public static TlsChannel accept(ByteChannel plain, NbdTls tls, BufferShare buffers) throws IOException {
        TlsChannel channel = new TlsChannel(plain, tls.newEngine(), buffers);
        try {
            channel.shakeHands();
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.giveBuffersBack();
            throw e;
        }
    }

    public SSLSession session() {
        return engine.getSession();
    }

    private void shakeHands() throws IOException {
        engine.beginHandshake();
        try {
            while (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
                if (engine.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
                    if (!unwrap()) {
                        throw new EOFException("client closed during the TLS handshake");
                    }
                } else {
                    goOn();
                }
            }
        } catch (SSLException e) {
            tellWhy();
            throw e;
        }
    }

    /** Sends the alert that the engine has ready, as far as it has and the client still listens. */
    private void tellWhy() throws IOException {
        try {
            engine.closeOutbound();
            wrap(NOTHING);
        } catch (SSLException e) {
            // It has said all it could.
            engine.closeOutbound();
        }
    }

    /** Does what the engine needs besides bytes from the client: in the handshake, and when keys change. */
    private void goOn() throws IOException {
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> {
                for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                    task.run();
                }
            }
            case NEED_WRAP -> wrap(NOTHING);
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrapReceived();
            case FINISHED, NOT_HANDSHAKING -> {}
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        while (!decrypted.hasRemaining()) {
            if (!unwrap()) {
                return -1;
            }
            while (engine.getHandshakeStatus() == HandshakeStatus.NEED_TASK
                    || engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                goOn();
            }
        }
        int count = Math.min(decrypted.remaining(), target.remaining());
        target.put(decrypted.slice(decrypted.position(), count));
        decrypted.position(decrypted.position() + count);
        // What has come with it is taken along, so that the caller finds all requests that are there.
        while (!decrypted.hasRemaining() && target.hasRemaining() && unwrapReceived() && decrypted.hasRemaining()) {
            int more = Math.min(decrypted.remaining(), target.remaining());
            target.put(decrypted.slice(decrypted.position(), more));
            decrypted.position(decrypted.position() + more);
            count += more;
        }
        return count;
    }

    /** Takes in one record, waiting for it; returns false if there are no more. */
    private boolean unwrap() throws IOException {
        while (!unwrapReceived()) {
            if (engine.isInboundDone()) {
                return false;
            }
            incoming.compact();
            try {
                if (plain.read(incoming) < 0) {
                    return false;
                }
            } finally {
                incoming.flip();
            }
        }
        return !engine.isInboundDone();
    }

    /** Takes in one record if all of it is here. */
    private boolean unwrapReceived() throws IOException {
        decrypted.clear();
        try {
            SSLEngineResult result = engine.unwrap(incoming, decrypted);
            return switch (result.getStatus()) {
                case OK -> true;
                case BUFFER_UNDERFLOW, CLOSED -> false;
                case BUFFER_OVERFLOW ->
                    throw new SSLException("a TLS record has more than " + decrypted.capacity() + " bytes");
            };
        } finally {
            decrypted.flip();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        wrap(source);
        return count;
    }

    /** Sends all of {@code source}, or one message of the engine's own if it is empty. */
    private void wrap(ByteBuffer source) throws IOException {
        writing.lock();
        try {
            do {
                outgoing.clear();
                boolean room;
                do {
                    SSLEngineResult result = engine.wrap(source, outgoing);
                    if (result.getStatus() == SSLEngineResult.Status.CLOSED && source.hasRemaining()) {
                        throw new SSLException("the TLS connection is closed");
                    }
                    room = outgoing.remaining() >= engine.getSession().getPacketBufferSize();
                } while (source.hasRemaining() && room);
                outgoing.flip();
                while (outgoing.hasRemaining()) {
                    plain.write(outgoing);
                }
            } while (source.hasRemaining());
        } finally {
            writing.unlock();
        }
    }

    @Override
    public boolean isOpen() {
        return plain.isOpen();
    }

    /** Tells the client that nothing more is sent; returns whether that was new. */
    public boolean sayGoodbye() throws IOException {
        boolean open = !engine.isOutboundDone();
        engine.closeOutbound();
        while (!engine.isOutboundDone()) {
            wrap(NOTHING);
        }
        return open;
    }

    /** Disconnects at once. The buffers stay in use until {@link #giveBuffersBack}. */
    @Override
    public void close() throws IOException {
        plain.close();
    }

    /** To be called when nobody reads or writes any more. */
    public void giveBuffersBack() {
        incomingLease.close();
        outgoingLease.close();
    }
}
