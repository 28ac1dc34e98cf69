package io.catena.stream;

import io.catena.disk.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads a disk from one offset to its end by a thread of its own, some pieces ahead of who takes them: so that one piece is read
 * while another is on its way.
 *
 * <p>The thread is never interrupted: it may be inside the I/O of a file that others use, and would close it.
 *
 * <p><b>Threads.</b> For use by one thread.
 */
final class ReadAhead implements Closeable {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES = 3;

    /** Has room for nothing. Instead of a piece to fill: no more is wanted; instead of a full one: nothing more comes. */
    private static final ByteBuffer ENOUGH = ByteBuffer.allocate(0);

    private final BlockDevice disk;
    private final long from;

    /** One more than there are pieces, for {@link #ENOUGH}. */
    private final BlockingQueue<ByteBuffer> empty = new ArrayBlockingQueue<>(PIECES + 1);

    private final BlockingQueue<Piece> full = new ArrayBlockingQueue<>(PIECES + 1);
    private final Thread reader = new Thread(this::readAll, "read-ahead");

    /** What was taken last, and is given back with the next. */
    private @Nullable ByteBuffer taken;

    /**
     * What was read.
     *
     * @param bytes nothing at the end
     * @param failure why there is nothing; null if nothing failed
     */
    private record Piece(ByteBuffer bytes, @Nullable Throwable failure) {}

    ReadAhead(BlockDevice disk, long from) {
        this.disk = disk;
        this.from = from;
        for (int i = 0; i < PIECES; i++) {
            empty.add(ByteBuffer.allocateDirect(PIECE_BYTES));
        }
        reader.setDaemon(true);
        reader.start();
    }

    private void readAll() {
        try {
            for (long at = from / PIECE_BYTES * PIECE_BYTES; at < disk.sizeBytes(); at += PIECE_BYTES) {
                ByteBuffer piece = empty.take();
                if (piece.capacity() == 0) {
                    return;
                }
                piece.clear().limit((int) Math.min(PIECE_BYTES, disk.sizeBytes() - at));
                disk.read(at, piece);
                full.add(new Piece(piece.flip().position((int) Math.max(0, from - at)), null));
            }
            full.add(new Piece(ENOUGH, null));
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            full.add(new Piece(ENOUGH, e));
        }
    }

    /** Returns the next piece, which counts until the next call; nothing is left in it at the end. */
    ByteBuffer next() throws IOException {
        if (taken != null) {
            empty.add(taken);
            taken = null;
        }
        Piece piece;
        try {
            piece = full.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a piece of the disk");
        }
        if (piece.failure() != null) {
            throw new IOException("the disk cannot be read: " + piece.failure().getMessage(), piece.failure());
        }
        if (piece.bytes().capacity() > 0) {
            taken = piece.bytes();
        }
        return piece.bytes();
    }

    /** Waits until nothing is read any more. */
    @Override
    public void close() {
        empty.add(ENOUGH);
        boolean interrupted = false;
        while (reader.isAlive()) {
            try {
                reader.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
