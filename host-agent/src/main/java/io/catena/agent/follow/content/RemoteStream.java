package io.catena.agent.follow.content;

import io.catena.api.VdiStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** The content of a disk as it comes from the host that has the SR. For use by one thread. */
public final class RemoteStream implements VdiStream {
    private static final int PIECE_BYTES = 256 << 10;

    private final Host host;
    private final long lengthBytes;
    private Part part;

    /** The host that has the SR. */
    @FunctionalInterface
    public interface Host {
        /**
         * Asks for the stream.
         *
         * @throws io.catena.api.SrException if it is refused
         */
        Part open(long from);
    }

    /**
     * A stream from somewhere on.
     *
     * @param lengthBytes from there to its end
     */
    public record Part(InputStream bytes, long lengthBytes) {}

    /** Opens it, and so keeps the disk as it is. */
    public RemoteStream(Host host) {
        this.host = host;
        part = host.open(0);
        lengthBytes = part.lengthBytes();
    }

    @Override
    public long lengthBytes() {
        return lengthBytes;
    }

    /** Returns the bytes, if nothing was written yet. */
    public InputStream bytes() {
        return part.bytes();
    }

    @Override
    public void writeTo(WritableByteChannel target, long from) throws IOException {
        if (from > 0) {
            // The first stays open until the second is: in between the disk could change.
            InputStream former = part.bytes();
            part = host.open(from);
            former.close();
        }
        byte[] piece = new byte[PIECE_BYTES];
        long left = part.lengthBytes();
        while (left > 0) {
            int length = part.bytes().read(piece, 0, (int) Math.min(piece.length, left));
            if (length < 0) {
                throw new EOFException("the host that has the SR broke off, with " + left + " bytes to come");
            }
            left -= length;
            ByteBuffer bytes = ByteBuffer.wrap(piece, 0, length);
            while (bytes.hasRemaining()) {
                target.write(bytes);
            }
        }
    }

    @Override
    public void close() throws IOException {
        part.bytes().close();
    }
}
