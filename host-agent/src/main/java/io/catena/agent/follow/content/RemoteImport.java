package io.catena.agent.follow.content;

import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import java.nio.ByteBuffer;
import java.util.UUID;

/** A disk that is being filled on the host that has the SR, in pieces. For use by one thread. */
public final class RemoteImport implements VdiImport {
    /** As text it fits into a request with room to spare. */
    private static final int PIECE_BYTES = 256 << 10;

    private final UUID id;
    private final Host host;
    private boolean ended;

    /** What is asked of the host that has the SR. */
    public interface Host {
        /** Writes; the same may be written twice. */
        void write(UUID id, long offset, byte[] bytes);

        void zero(UUID id, long offset, long lengthBytes);

        Vdi commit(UUID id);

        void end(UUID id);
    }

    /**
     * @param id what the host calls it
     */
    public RemoteImport(UUID id, Host host) {
        this.id = id;
        this.host = host;
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        long at = offset;
        while (source.hasRemaining()) {
            byte[] piece = new byte[Math.min(PIECE_BYTES, source.remaining())];
            source.get(piece);
            host.write(id, at, piece);
            at += piece.length;
        }
    }

    @Override
    public void zero(long offset, long lengthBytes) {
        host.zero(id, offset, lengthBytes);
    }

    @Override
    public Vdi commit() {
        Vdi made = host.commit(id);
        ended = true;
        return made;
    }

    @Override
    public void close() {
        if (!ended) {
            ended = true;
            host.end(id);
        }
    }
}
