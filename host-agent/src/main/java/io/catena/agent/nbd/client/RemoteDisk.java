package io.catena.agent.nbd.client;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;

/**
 * A disk that somebody serves over NBD: the client's side, with many requests at a time, each of which waits for its answer as
 * long as the connection stands.
 *
 * <p><b>Errors.</b> {@link NbdErrorException} is the server's answer. After any other {@link IOException} the connection is of no
 * more use, and it is not known what became of the requests. <b>Threads.</b> Safe for use by many threads; one of its own reads the answers.
 */
public final class RemoteDisk implements BlockDevice, Closeable {
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;
    private static final int TRIM = 4;
    private static final int WRITE_ZEROES = 6;

    private static final int STREAM_BYTES = 256 << 10;

    /** A request's length has 32 bits. */
    private static final long LONGEST_BYTES = 1 << 30;

    private static final byte[] ZEROS = new byte[STREAM_BYTES];

    private final Closeable connection;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final long sizeBytes;
    private final int flags;
    private final AtomicLong cookies = new AtomicLong();
    private final Map<Long, PendingRequest> pending = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private RemoteDisk(Closeable connection, InputStream in, OutputStream out, ClientHandshake.Welcome welcome) {
        this.connection = connection;
        this.in = new DataInputStream(new BufferedInputStream(in, STREAM_BYTES));
        this.out = new DataOutputStream(new BufferedOutputStream(out, STREAM_BYTES));
        sizeBytes = welcome.sizeBytes();
        flags = welcome.transmissionFlags();
    }

    /**
     * Connects to an export without encryption, on this host or over a network that is trusted.
     *
     * @param patience how long each step until the disk can be used may take
     * @throws IOException if nobody listens there, or the server does not give the export
     */
    public static RemoteDisk connect(NbdPlace place, Duration patience) throws IOException {
        SocketChannel socket = place.connect(patience);
        try {
            PatientChannel server = new PatientChannel(socket, patience);
            ClientHandshake.Welcome welcome = ClientHandshake.perform(server, place.exportName());
            server.release();
            RemoteDisk disk = new RemoteDisk(socket, new ChannelInput(socket), new ChannelOutput(socket), welcome);
            disk.start(place.exportName());
            return disk;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects to an export with TLS.
     *
     * @param server whose certificate must be for this name
     * @param tls this host's certificate, and whom it trusts
     * @param patience how long each step until the disk can be used may take
     * @throws IOException if nobody listens there, one of both is not trusted, or the server does not give the export
     */
    public static RemoteDisk connect(InetSocketAddress server, SSLContext tls, String export, Duration patience)
            throws IOException {
        return ReachedServer.reach(server, tls, patience).open(export);
    }

    /**
     * Returns a disk that was agreed on.
     *
     * @param connection closed with the disk
     */
    static RemoteDisk over(
            Closeable connection, InputStream in, OutputStream out, ClientHandshake.Welcome welcome, String export) {
        RemoteDisk disk = new RemoteDisk(connection, in, out, welcome);
        disk.start(export);
        return disk;
    }

    private void start(String export) {
        Thread reader =
                new Thread(this::readAnswers, "nbd-remote-" + export.substring(0, Math.min(36, export.length())));
        reader.setDaemon(true);
        reader.start();
    }

    private void readAnswers() {
        try {
            while (!closed) {
                readAnswer();
            }
        } catch (IOException e) {
            end(e);
        }
    }

    private void readAnswer() throws IOException {
        int magic = in.readInt();
        int error = in.readInt();
        PendingRequest request = pending.remove(in.readLong());
        if (magic != NbdProtocol.SIMPLE_REPLY_MAGIC || request == null) {
            throw new IOException("the server sends what is no answer to any request");
        }
        try {
            request.answered(error, in);
        } catch (IOException e) {
            request.failed(e);
            throw e;
        }
    }

    private void end(IOException reason) {
        close();
        for (Long cookie : List.copyOf(pending.keySet())) {
            PendingRequest request = pending.remove(cookie);
            if (request != null) {
                request.failed(reason);
            }
        }
    }

    private void request(int command, int flags, long offset, long lengthBytes, PendingRequest request, byte[] payload)
            throws IOException {
        long cookie = cookies.incrementAndGet();
        pending.put(cookie, request);
        try {
            send(command, flags, cookie, offset, lengthBytes, payload);
        } catch (IOException e) {
            end(e);
        }
        if (closed && pending.remove(cookie) != null) {
            // It may have come after the reader has told all that it ends.
            throw new IOException("the connection to the host that serves the disk has ended");
        }
        request.await();
    }

    private void send(int command, int flags, long cookie, long offset, long lengthBytes, byte[] payload)
            throws IOException {
        synchronized (out) {
            out.writeInt(NbdProtocol.REQUEST_MAGIC);
            out.writeShort(flags);
            out.writeShort(command);
            out.writeLong(cookie);
            out.writeLong(offset);
            out.writeInt((int) lengthBytes);
            out.write(payload);
            out.flush();
        }
    }

    private void change(int command, int flags, long offset, long lengthBytes) throws IOException {
        for (long done = 0; done < lengthBytes; done += LONGEST_BYTES) {
            long piece = Math.min(LONGEST_BYTES, lengthBytes - done);
            PendingRequest request =
                    new PendingRequest("command " + command + " of " + piece + " bytes at " + (offset + done));
            request(command, flags, offset + done, piece, request, new byte[0]);
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean readOnly() {
        return can(NbdProtocol.READ_ONLY);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int length = target.remaining();
        PendingRequest request = new PendingRequest("read of " + length + " bytes at " + offset, length);
        request(READ, 0, offset, length, request, new byte[0]);
        target.put(request.data());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        byte[] payload = new byte[source.remaining()];
        source.get(payload);
        PendingRequest request = new PendingRequest("write of " + payload.length + " bytes at " + offset);
        request(WRITE, 0, offset, payload.length, request, payload);
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        if (can(NbdProtocol.SEND_TRIM)) {
            change(TRIM, 0, offset, lengthBytes);
        }
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        if (can(NbdProtocol.SEND_WRITE_ZEROES)) {
            change(WRITE_ZEROES, mayDeallocate ? 0 : NbdProtocol.CMD_FLAG_NO_HOLE, offset, lengthBytes);
            return;
        }
        for (long done = 0; done < lengthBytes; done += ZEROS.length) {
            write(offset + done, ByteBuffer.wrap(ZEROS, 0, (int) Math.min(ZEROS.length, lengthBytes - done)));
        }
    }

    @Override
    public boolean zeroesFast() {
        return can(NbdProtocol.SEND_WRITE_ZEROES);
    }

    private boolean can(int flag) {
        return (flags & flag) != 0;
    }

    /** It is not asked what the server knows: all may be data. */
    @Override
    public Extent extent(long offset, long maxBytes) {
        return new Extent(maxBytes, true);
    }

    /** A server that knows no flush has nothing that could be lost. */
    @Override
    public void flush() throws IOException {
        if (!can(NbdProtocol.SEND_FLUSH)) {
            return;
        }
        request(FLUSH, 0, 0, 0, new PendingRequest("flush"), new byte[0]);
    }

    /** Disconnects at once: without a word, which could have to wait for what is being sent. */
    @Override
    public void close() {
        closed = true;
        try {
            connection.close();
        } catch (IOException e) {
            closed = true; // as it is
        }
    }
}
